import { type Context, Hono } from 'hono';
import { type SSEStreamingApi, streamSSE } from 'hono/streaming';
import type { RunEvent } from '../domain/events';
import type { RunAddress } from '../store/run-rows';
import { createBell } from './bell';
import type { ConsoleDependencies } from './dependencies';
import type { ConsoleEnvironment } from './environment';
import { query, requireScope } from './page';
import { TimelineEntry } from './parts/timeline';

/** A word to each page at least so often, by which a lost connection is noticed; whoever was logged out is told then. */
const HEARTBEAT_MS = 15_000;
/** Pages are told of changes at most so often. */
const PAUSE_MS = 150;

const ABOUT_PEOPLE = ['question', 'answer', 'approval'];

type Dependencies = Pick<ConsoleDependencies, 'live'> & {
  /** Whether the session of a request still counts. */
  isLoggedIn(token: string | undefined): Promise<boolean>;
  tokenOf(c: Context): string | undefined;
};

/**
 * What keeps a page live: `inbox` when something began or ceased to wait for people, `approval` for the page of one, and
 * for the page of a run each new `entry` of its timeline, and `run` when its state is to be read again.
 */
export const createLive = ({ live, isLoggedIn, tokenOf }: Dependencies) =>
  new Hono<ConsoleEnvironment>().get('/live', (c) => {
    const { organizationId } = c.get('caller');
    const runId = query(c, 'run');
    const token = tokenOf(c);
    if (runId !== '') requireScope(c.get('caller'), 'runs:read');
    const run = runId === '' ? null : { address: { organizationId, runId }, after: lastSeen(c) };
    return streamSSE(c, async (stream) => {
      const bell = createBell();
      const changed = new Set<string>();
      const ring = (name: string) => {
        changed.add(name);
        bell.ring();
      };
      const stops = [
        live.onOrganization(organizationId, (heard) => {
          if (heard !== null && !heard.types.some((type) => ABOUT_PEOPLE.includes(type))) return;
          ring('inbox');
          ring('approval');
        }),
        ...(run ? [live.onRun(run.address, () => ring('run'))] : []),
      ];
      stream.onAbort(() => bell.ring());
      try {
        // What changed between the page and its stream, or while that was broken, nobody tells again.
        for (const name of ['inbox', 'approval', ...(run ? ['run'] : [])]) ring(name);
        while (!stream.aborted) {
          const isRung = await bell.rungWithin(HEARTBEAT_MS);
          if (stream.aborted) return;
          bell.reset();
          if (!isRung) {
            if (!(await isLoggedIn(token))) return;
            await stream.writeSSE({ event: 'heartbeat', data: '' });
            continue;
          }
          const names = [...changed];
          changed.clear();
          if (run && names.includes('run'))
            run.after = await sendEntries(stream, live, run.address, run.after);
          for (const name of names) await stream.writeSSE({ event: name, data: name });
          await stream.sleep(PAUSE_MS);
        }
      } finally {
        for (const stop of stops) stop();
      }
    });
  });

/** Sends what was recorded since. @returns the sequence of the last */
async function sendEntries(
  stream: SSEStreamingApi,
  live: Dependencies['live'],
  address: RunAddress,
  after: number,
): Promise<number> {
  let last = after;
  for (;;) {
    const events: RunEvent[] = await live.list(address, last);
    if (events.length === 0) return last;
    for (const event of events) {
      const entry = await (<TimelineEntry event={event} />);
      await stream.writeSSE({ id: String(event.sequence), event: 'entry', data: String(entry) });
      last = event.sequence;
    }
  }
}

/** Where a page that lost its connection goes on; at first, after what it was drawn with. */
function lastSeen(c: {
  req: { header(name: string): string | undefined; query(name: string): string | undefined };
}): number {
  const given = Number(c.req.header('last-event-id') || c.req.query('after') || '-1');
  return Number.isSafeInteger(given) ? given : -1;
}
