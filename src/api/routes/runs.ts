import { z } from '@hono/zod-openapi';
import { GatehouseError } from '../../domain/errors';
import type { StoredRun } from '../../store/run-store';
import { apiRoute } from '../api-route';
import type { ApiDependencies } from '../dependencies';
import type { Api } from '../environment';
import { cursorInQuery, idParam, jsonAnswer, jsonBody, limitInQuery, name, next } from '../schemas/parts';
import {
  answerBody,
  answered,
  listedRun,
  newRun,
  runStatus,
  shownRun,
  startedRun,
  steered,
  steering,
  toppedUp,
  topUpBody,
  transcriptPage,
} from '../schemas/runs';
import { shownRunOf } from './shown-run';

const tag = 'Runs';
const params = idParam('Id of a run', 'k3fq7xw2m9pa');

const create = apiRoute(
  { scope: 'runs:write', tag, problems: [404, 409, 413, 422] },
  {
    method: 'post',
    path: '/v1/runs',
    summary: 'Start a run',
    description:
      'The same `Idempotency-Key` starts one run, however often it is sent: the run’s id is made from organization and key.',
    request: {
      headers: z.object({
        'idempotency-key': name
          .optional()
          .openapi({ description: 'Chosen by the caller', example: 'ticket-4711' }),
      }),
      ...jsonBody(newRun),
    },
    responses: {
      200: jsonAnswer('This key had started it before', startedRun),
      201: jsonAnswer('Started', startedRun),
    },
  },
);

const list = apiRoute(
  { scope: 'runs:read', tag },
  {
    method: 'get',
    path: '/v1/runs',
    summary: 'List runs, newest first',
    request: {
      query: z.object({
        status: runStatus.optional(),
        agent: name.optional(),
        limit: limitInQuery,
        cursor: cursorInQuery.optional(),
      }),
    },
    responses: { 200: jsonAnswer('A page', z.object({ runs: z.array(listedRun), next })) },
  },
);

const show = apiRoute(
  { scope: 'runs:read', tag },
  {
    method: 'get',
    path: '/v1/runs/{id}',
    summary: 'Show a run: status, budget, what waits for people, decisions',
    request: { params },
    responses: { 200: jsonAnswer('The run', shownRun) },
  },
);

const steer = (what: 'stop' | 'pause' | 'resume', summary: string) =>
  apiRoute(
    { scope: 'runs:write', tag, problems: [409] },
    {
      method: 'post',
      path: `/v1/runs/{id}/${what}`,
      summary,
      request: { params, ...jsonBody(steering) },
      responses: { 202: jsonAnswer('Asked of the run', steered) },
    },
  );

const stop = steer('stop', 'Stop a run for good');
const pause = steer('pause', 'Hold a run before its next step');
const resume = steer('resume', 'Let a paused run go on');

const transcript = apiRoute(
  { scope: 'runs:read', tag },
  {
    method: 'get',
    path: '/v1/runs/{id}/transcript',
    summary: 'What a run and its model said to each other',
    description: 'As long as Temporal keeps the history of the run.',
    request: {
      params,
      query: z.object({
        since: z.coerce.number().int().min(0).max(1_000_000).default(0).openapi({
          type: 'integer',
          minimum: 0,
          maximum: 1_000_000,
          default: 0,
          description: 'Index of the first entry',
        }),
      }),
    },
    responses: { 200: jsonAnswer('A page', transcriptPage) },
  },
);

const answer = apiRoute(
  { scope: 'approvals:decide', tag, problems: [409, 422] },
  {
    method: 'post',
    path: '/v1/runs/{id}/answers',
    summary: 'Answer a question of a run',
    request: { params, ...jsonBody(answerBody) },
    responses: { 200: jsonAnswer('Counted', answered) },
  },
);

const topUp = apiRoute(
  { scope: 'approvals:decide', tag, problems: [409, 422] },
  {
    method: 'post',
    path: '/v1/runs/{id}/top-ups',
    summary: 'Add to the limits of a run',
    description: 'Counts as an approval; where an approval of more budget waits, it answers that.',
    request: { params, ...jsonBody(topUpBody) },
    responses: { 200: jsonAnswer('Counted', toppedUp) },
  },
);

/** Runs: start, look at, steer, answer. */
export function addRunRoutes(
  api: Api,
  { artifacts, allowsLocalRepositories }: Pick<ApiDependencies, 'artifacts' | 'allowsLocalRepositories'>,
): void {
  api.openapi(create, async (c) => {
    const { repo, ...asked } = c.req.valid('json');
    if (repo !== undefined && !allowsLocalRepositories) requireRemote(repo);
    const started = await c.get('commands').startRun({
      ...asked,
      ...(repo === undefined ? {} : { repo }),
      requestedBy: c.get('caller').person,
      idempotencyKey: c.req.valid('header')['idempotency-key'],
    });
    return c.json(started, started.isNew ? 201 : 200);
  });

  api.openapi(list, async (c) => {
    const page = await c.get('commands').listRuns(c.req.valid('query'));
    return c.json({ runs: page.runs.map(listedRunOf), next: page.next }, 200);
  });

  api.openapi(show, async (c) =>
    c.json(shownRunOf(await c.get('commands').showRun(c.req.valid('param').id)), 200),
  );

  for (const [route, what] of [
    [stop, 'stop'],
    [pause, 'pause'],
    [resume, 'resume'],
  ] as const)
    api.openapi(route, async (c) => {
      const { stopRun, pauseRun, resumeRun } = c.get('commands');
      const command = { stop: stopRun, pause: pauseRun, resume: resumeRun }[what];
      const runId = c.req.valid('param').id;
      await command({ runId, by: c.get('caller').person, reason: c.req.valid('json').reason });
      return c.json({ runId, requested: what }, 202);
    });

  api.openapi(transcript, async (c) => {
    const runId = c.req.valid('param').id;
    const { since } = c.req.valid('query');
    return c.json(await c.get('commands').showTranscript({ runId, since, artifacts }), 200);
  });

  api.openapi(answer, async (c) => {
    const runId = c.req.valid('param').id;
    const given = c.req.valid('json');
    const { question, status } = await c.get('commands').answer({ ...given, runId });
    return c.json({ questionId: question.id, runId, status }, 200);
  });

  api.openapi(topUp, async (c) => {
    const runId = c.req.valid('param').id;
    const { status } = await c.get('commands').topUp({ runId, budget: c.req.valid('json').budget });
    return c.json({ runId, status }, 200);
  });
}

const MAX_PROMPT_LISTED = 500;

function listedRunOf(run: StoredRun) {
  const { id, workflowId, agent, status, input, outcome, usage, createdAt, updatedAt, endedAt } = run;
  return {
    runId: id,
    workflowId,
    agent,
    status,
    requestedBy: input.requestedBy,
    prompt: input.prompt.slice(0, MAX_PROMPT_LISTED),
    outcome,
    usage,
    createdAt,
    updatedAt,
    endedAt,
  };
}

/** A path would be one of the machine that serves the API, and what is there is not the caller's. */
function requireRemote(repo: string): void {
  if (/^(https|ssh|git|http):\/\//.test(repo)) return;
  throw new GatehouseError(
    'repository-unavailable',
    'the repository must be a URL: `https://…` or `ssh://…`',
  );
}
