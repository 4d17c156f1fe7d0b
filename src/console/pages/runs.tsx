import { Hono } from 'hono';
import type { RunView } from '../../commands/show-run';
import type { AgentBudget } from '../../domain/budget';
import type { RunEvent } from '../../domain/events';
import { type RunStatus, runStatuses } from '../../domain/run';
import { TOP_UP_TOOL } from '../../domain/top-up';
import type { ConsoleDependencies } from '../dependencies';
import type { ConsoleContext, ConsoleEnvironment } from '../environment';
import { frameOf, isPartial, mayDo, query, requireScope } from '../page';
import { Heading, Layout } from '../parts/layout';
import { Name, Theirs } from '../parts/theirs';
import { Timeline } from '../parts/timeline';
import { BASE, paths } from '../paths';
import { Filters, Runs } from './run-list';
import { State } from './run-state';
import { topUpOf } from './run-top-up';

type Dependencies = Pick<ConsoleDependencies, 'artifacts' | 'temporalUi'>;

const RUNS_PER_PAGE = 25;

/** The runs, and each of them live. */
export const createRunPages = ({ artifacts, temporalUi }: Dependencies) =>
  new Hono<ConsoleEnvironment>()
    .get('/', async (c) => {
      const frame = await frameOf(c, 'runs', 'Runs');
      const status = runStatuses.find((each) => each === query(c, 'status'));
      const agent = query(c, 'agent') || undefined;
      const commands = c.get('commands');
      const [{ runs, next }, agents] = await Promise.all([
        commands.listRuns({ status, agent, limit: RUNS_PER_PAGE, cursor: query(c, 'after') || null }),
        commands.listAgents(),
      ]);
      const names = agents.map(({ definition }) => definition.name);
      return c.html(
        <Layout frame={frame}>
          <Heading title="Runs">
            <Filters status={status} agent={agent} agents={names} />
          </Heading>
          <Runs runs={runs} />
          {next ? (
            <p class="row">
              <a class="button" href={pageAfter(next, status, agent)} rel="next">
                Older runs
              </a>
            </p>
          ) : null}
        </Layout>,
      );
    })
    .get('/:id', async (c) => {
      requireScope(c.get('caller'), 'runs:read');
      const run = await c.get('commands').showRun(c.req.param('id'));
      const limits = run.live?.budget ?? (await limitsOf(run, artifacts));
      const state = (
        <State
          run={run}
          limits={limits}
          temporalUi={temporalUi}
          csrf={c.get('csrf')}
          mayWrite={mayDo(c, 'runs:write')}
          mayDecide={mayDo(c, 'approvals:decide')}
        />
      );
      if (isPartial(c)) return c.html(state);
      const after = run.events.at(-1)?.sequence ?? -1;
      return c.html(
        <Layout
          frame={await frameOf(c, 'runs', `Run ${run.runId}`)}
          live={`${BASE}/live?run=${encodeURIComponent(run.runId)}&after=${after}`}
        >
          <Heading
            title={
              <>
                <span class="quiet">Run</span> <Name text={run.runId} />
              </>
            }
          />
          <div class="columns">
            <div class="stack">
              {run.input ? <Input run={run} /> : null}
              <section class="card" aria-labelledby="timeline-title">
                <h2 id="timeline-title">Timeline</h2>
                <div id="timeline" sse-swap="entry" hx-swap="keyed-append">
                  <Timeline events={run.events} />
                </div>
              </section>
            </div>
            <div class="stack side">{state}</div>
          </div>
        </Layout>,
      );
    })
    .post('/:id/top-up', async (c) => {
      requireScope(c.get('caller'), 'approvals:decide');
      const runId = c.req.param('id');
      const { person: by } = c.get('caller');
      await c.get('commands').topUp({ runId, budget: topUpOf(c.get('form')), by });
      return c.redirect(paths.run(runId), 303);
    })
    .post('/:id/:action{pause|resume|stop}', async (c) => {
      requireScope(c.get('caller'), 'runs:write');
      const runId = c.req.param('id');
      const asked = {
        runId,
        by: c.get('caller').person,
        reason: c.get('form').text('reason').trim() || 'from the console',
      };
      await act(c, c.req.param('action'), asked);
      return c.redirect(paths.run(runId), 303);
    });

async function act(
  c: ConsoleContext,
  action: string,
  asked: { runId: string; by: string; reason: string },
): Promise<void> {
  const commands = c.get('commands');
  switch (action) {
    case 'pause':
      return commands.pauseRun(asked);
    case 'resume':
      return commands.resumeRun(asked);
    case 'stop':
      return commands.stopRun(asked);
  }
}

/** The limits a run that ended was pinned to; people may have raised them, by amounts that no event has. */
async function limitsOf(run: RunView, artifacts: Dependencies['artifacts']): Promise<AgentBudget | null> {
  if (run.snapshot === null || run.events.some(isTopUp)) return null;
  try {
    const snapshot = JSON.parse(Buffer.from(await artifacts.get(run.snapshot)).toString('utf8'));
    return (snapshot as { budget: AgentBudget }).budget;
  } catch {
    return null;
  }
}

function isTopUp({ type, data }: RunEvent): boolean {
  if (type === 'budget') return data.kind === 'topped-up';
  return type === 'approval' && data.tool === TOP_UP_TOOL && ['approved', 'edited'].includes(data.outcome);
}

function pageAfter(cursor: string, status: RunStatus | undefined, agent: string | undefined): string {
  const search = new URLSearchParams({
    after: cursor,
    ...(status ? { status } : {}),
    ...(agent ? { agent } : {}),
  });
  return `${paths.runs}?${search}`;
}

function Input({ run }: { run: RunView }) {
  const { input } = run;
  if (!input) return null;
  return (
    <section class="card" aria-labelledby="asked">
      <h2 id="asked">What it was asked to do</h2>
      <Theirs author="requester" text={input.prompt} />
      {(input.attachments ?? []).map((text, index) => (
        <Theirs author="tool" title={`Attachment ${index + 1}`} text={text} maxLength={4_000} />
      ))}
    </section>
  );
}
