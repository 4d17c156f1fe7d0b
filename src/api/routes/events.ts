import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { nudgeStream, runEventStream, type StreamOptions } from '../../commands/event-stream';
import { GatehouseError } from '../../domain/errors';
import { apiRoute } from '../api-route';
import type { ApiDependencies } from '../dependencies';
import type { Api, ApiEnvironment } from '../environment';
import type { ApiMetrics } from '../metrics';
import { idParam } from '../schemas/parts';

const tag = 'Events';

const sequence = z
  .string()
  .regex(/^\d{0,9}$/)
  .transform((given) => (given === '' ? undefined : Number(given)))
  .openapi({ type: 'string', pattern: '^\\d{0,9}$', example: '12' });

const stream = (description: string) => ({
  description,
  content: { 'text/event-stream': { schema: z.string() } },
});

const ofRun = apiRoute(
  { scope: 'runs:read', tag },
  {
    method: 'get',
    path: '/v1/runs/{id}/events',
    summary: 'The events of a run as they happen (SSE)',
    description: [
      'First all there are, or those after `Last-Event-ID`; then each as it is committed, once and in order, until the run',
      'has ended: its last is `end {status}`. `id` is the sequence; `data` is `{runId, sequence, type, data, at}`. Types:',
      '`status`, `turn`, `decision`, `call`, `question`, `answer`, `approval`, `budget`, `egress`. Lines that begin with a',
      'colon say that nothing happened.',
    ].join(' '),
    request: {
      params: idParam('Id of a run', 'k3fq7xw2m9pa'),
      headers: z.object({
        'last-event-id': sequence.optional().openapi({ description: 'Sequence of the last event known' }),
      }),
      query: z.object({
        lastEventId: sequence
          .optional()
          .openapi({ description: 'As the header, for clients that cannot send one' }),
      }),
    },
    responses: {
      200: stream('Events'),
      204: { description: 'The run has ended, and its last event is known already' },
    },
  },
);

const ofOrganization = apiRoute(
  { scope: 'runs:read', tag },
  {
    method: 'get',
    path: '/v1/events',
    summary: 'That something happened, in any run (SSE)',
    description: [
      '`nudge {runId, sequence, types}` says that a run has new events, up to that sequence; `missed {}` that some may have',
      'been missed, so that lists are to be read again. It cannot be resumed: read lists after it began.',
    ].join(' '),
    responses: { 200: stream('Nudges') },
  },
);

type Dependencies = Pick<ApiDependencies, 'live' | 'limits' | 'stopping'>;

/** Live events: of a run, resumable; of the whole organization, as nudges. */
export function addEventRoutes(
  api: Api,
  { live, limits, stopping }: Dependencies,
  metrics: ApiMetrics,
): void {
  let open = 0;

  api.openapi(ofRun, async (c) => {
    const since = c.req.valid('header')['last-event-id'] ?? c.req.valid('query').lastEventId;
    const runId = c.req.valid('param').id;
    const { heartbeatMs } = limits;
    const followed = await c.get('commands').followRun({ runId, since, live, heartbeatMs });
    // A browser's EventSource asks again when a stream ends, and this is what makes it stop.
    if (followed.isOver && since !== undefined) return c.body(null, 204);
    return answerStream(c, (options) => runEventStream(followed.steps, options));
  });

  api.openapi(ofOrganization, (c) => {
    const { organizationId } = c.get('caller');
    return answerStream(c, (options) =>
      nudgeStream(live, organizationId, { ...options, heartbeatMs: limits.heartbeatMs }),
    );
  });

  function answerStream(
    c: Context<ApiEnvironment>,
    begin: (options: StreamOptions) => ReadableStream<Uint8Array>,
  ): Response {
    if (stopping.aborted) throw new GatehouseError('stopping', 'this process is about to stop');
    c.header('Content-Type', 'text/event-stream; charset=utf-8');
    c.header('X-Accel-Buffering', 'no');
    if (c.req.method === 'HEAD') return c.body(null, 200);
    if (open >= limits.streams) throw new GatehouseError('streams-exhausted', 'too many event streams');
    open++;
    metrics.streamBegan();
    const onEnd = () => {
      open--;
      metrics.streamEnded();
    };
    return c.body(begin({ signal: stopping, onEvents: metrics.eventsSent, onEnd }), 200);
  }
}
