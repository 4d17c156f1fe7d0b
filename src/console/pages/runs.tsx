import { Hono } from 'hono';
import type { RunView } from '../../commands/show-run';
import type { AgentBudget } from '../../domain/budget';
import { isEnded, type RunStatus, runStatuses } from '../../domain/run';
import type { StoredRun } from '../../store/run-store';
import type { ConsoleDependencies } from '../dependencies';
import type { ConsoleContext, ConsoleEnvironment } from '../environment';
import { frameOf, isPartial, mayDo, query, requireScope } from '../page';
import { STATUS_WORDS, StatusBadge } from '../parts/badges';
import { Budget } from '../parts/budget';
import { ActionForm } from '../parts/form';
import { Heading, Layout } from '../parts/layout';
import { Name, Theirs, TheirWords } from '../parts/theirs';
import { Timeline } from '../parts/timeline';
import { Ago, duration, Time } from '../parts/times';
import { BASE, paths } from '../paths';

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

/** The limits a run that ended was pinned to. */
async function limitsOf(run: RunView, artifacts: Dependencies['artifacts']): Promise<AgentBudget | null> {
  if (run.snapshot === null) return null;
  try {
    const snapshot = JSON.parse(Buffer.from(await artifacts.get(run.snapshot)).toString('utf8'));
    return (snapshot as { budget: AgentBudget }).budget;
  } catch {
    return null;
  }
}

function pageAfter(cursor: string, status: RunStatus | undefined, agent: string | undefined): string {
  const search = new URLSearchParams({
    after: cursor,
    ...(status ? { status } : {}),
    ...(agent ? { agent } : {}),
  });
  return `${paths.runs}?${search}`;
}

interface FiltersProps {
  status: RunStatus | undefined;
  agent: string | undefined;
  agents: readonly string[];
}

function Filters({ status, agent, agents }: FiltersProps) {
  return (
    <form method="get" action={paths.runs} class="row filters">
      <label>
        <span class="unseen">Status</span>
        <select name="status">
          <option value="">Any status</option>
          {runStatuses.map((each) => (
            <option value={each} selected={each === status}>
              {STATUS_WORDS[each]}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span class="unseen">Agent</span>
        <select name="agent">
          <option value="">Any agent</option>
          {agents.map((each) => (
            <option value={each} selected={each === agent}>
              {each}
            </option>
          ))}
        </select>
      </label>
      <button type="submit">Filter</button>
      {status || agent ? <a href={paths.runs}>Clear</a> : null}
    </form>
  );
}

function Runs({ runs }: { runs: readonly StoredRun[] }) {
  if (runs.length === 0)
    return (
      <div class="empty">
        <p class="empty-title">No runs</p>
        <p class="quiet">
          Start one with <code>gatehouse run AGENT --prompt TEXT</code>.
        </p>
      </div>
    );
  return (
    <ul class="list">
      {runs.map((run) => (
        <li class="card item run" data-item>
          <div class="card-head">
            <StatusBadge status={run.status} />
            <h2>
              <a href={paths.run(run.id)} data-open>
                <Name text={run.agent} /> <span class="quiet">{run.id.slice(0, 12)}</span>
              </a>
            </h2>
            <span class="end quiet">
              <Ago at={run.createdAt} />
            </span>
          </div>
          <p class="clip">
            <TheirWords text={run.input.prompt} maxLength={160} />
          </p>
          <p class="quiet small">
            for <Name text={run.input.requestedBy} />
            {run.usage
              ? ` · ${run.usage.turns} turns, ${run.usage.toolCalls} calls, ${run.usage.tokens.toLocaleString('en')} tokens`
              : ''}
            {run.endedAt ? ` · ${duration(run.endedAt - run.createdAt)}` : ''}
          </p>
        </li>
      ))}
    </ul>
  );
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

interface StateProps {
  run: RunView;
  limits: AgentBudget | null;
  temporalUi: Dependencies['temporalUi'];
  csrf: string;
  mayWrite: boolean;
}

/** How the run stands; asked for again when that changes. */
function State({ run, limits, temporalUi, csrf, mayWrite }: StateProps) {
  const { runId, agent, status, text, isCurrent, outcome, usage, live, pending, input, createdAt, endedAt } =
    run;
  const elapsedMs = live?.elapsedMs ?? (usage && endedAt ? endedAt - usage.startedAt - usage.waitedMs : null);
  return (
    <div
      id="state"
      class="stack"
      hx-get={paths.run(runId)}
      hx-trigger="sse:run"
      hx-target="#state"
      hx-swap="keyed"
    >
      <section
        class="card"
        aria-labelledby="status"
        data-key="status"
        data-version={`${status} ${usage?.turns ?? 0} ${usage?.toolCalls ?? 0} ${pending.approvals.length} ${pending.questions.length}`}
      >
        <h2 id="status">Status</h2>
        <p class="row">
          <StatusBadge status={status} />
          {isCurrent ? null : <span class="quiet">as last recorded: no worker answers for it</span>}
        </p>
        {outcome?.text ? (
          <Theirs author="model" title="Outcome" text={outcome.text} maxLength={4_000} />
        ) : text ? (
          <Theirs author="person" title="Why" text={text} maxLength={1_000} />
        ) : null}
        <Pending run={run} />
        <dl class="facts">
          {agent ? (
            <div>
              <dt>Agent</dt>
              <dd>
                <a href={paths.agent(agent)}>
                  <Name text={agent} />
                </a>
              </dd>
            </div>
          ) : null}
          {input ? (
            <div>
              <dt>Asked for by</dt>
              <dd>
                <Name text={input.requestedBy} />
              </dd>
            </div>
          ) : null}
          <div>
            <dt>Began</dt>
            <dd>
              <Time at={createdAt} />
            </dd>
          </div>
          {endedAt ? (
            <div>
              <dt>Ended</dt>
              <dd>
                <Time at={endedAt} /> ({duration(endedAt - createdAt)})
              </dd>
            </div>
          ) : null}
          {input?.repo ? (
            <div>
              <dt>Repository</dt>
              <dd>
                <TheirWords text={shortRepository(input.repo)} />
              </dd>
            </div>
          ) : null}
          {temporalUi ? (
            <div>
              <dt>Workflow</dt>
              <dd>
                <a href={workflowUrl(temporalUi, run.workflowId)} rel="noreferrer">
                  in the Temporal UI
                </a>
              </dd>
            </div>
          ) : null}
        </dl>
        {usage ? <Budget usage={usage} limits={limits} elapsedMs={elapsedMs} /> : null}
      </section>
      {mayWrite && !isEnded(status) ? (
        <Controls runId={runId} isPaused={status === 'PAUSED'} csrf={csrf} />
      ) : null}
    </div>
  );
}

function Pending({ run: { pending } }: { run: RunView }) {
  if (pending.approvals.length + pending.questions.length === 0) return null;
  return (
    <ul class="plain-list">
      {pending.approvals.map(({ id, tool }) => (
        <li>
          <a class="button primary" href={paths.approval(id)} data-approve>
            Decide on <Name text={tool} />
          </a>
        </li>
      ))}
      {pending.questions.map(() => (
        <li>
          <a class="button primary" href={BASE}>
            Answer its question
          </a>
        </li>
      ))}
    </ul>
  );
}

function Controls({ runId, isPaused, csrf }: { runId: string; isPaused: boolean; csrf: string }) {
  const action = (name: string) => `${paths.run(runId)}/${name}`;
  return (
    <section class="card" aria-labelledby="controls" data-key={`controls-${isPaused}`} data-version="0">
      <h2 id="controls">Control</h2>
      <ActionForm action={action(isPaused ? 'resume' : 'pause')} csrf={csrf} class="row">
        <label class="grow">
          <span class="unseen">Reason</span>
          <input name="reason" placeholder="Reason" maxlength={500} autocomplete="off" />
        </label>
        <button type="submit">{isPaused ? 'Resume' : 'Pause'}</button>
      </ActionForm>
      <details>
        <summary>Stop for good</summary>
        <ActionForm action={action('stop')} csrf={csrf} class="row">
          <span class="quiet grow">What runs now is ended, and the run cannot go on.</span>
          <button type="submit" class="danger">
            Stop the run
          </button>
        </ActionForm>
      </details>
    </section>
  );
}

/** A folder by its last names; an address as it is. */
function shortRepository(repository: string): string {
  const names = repository.split('/');
  return repository.startsWith('/') && names.length > 3 ? `…/${names.slice(-2).join('/')}` : repository;
}

function workflowUrl(
  { url, namespace }: NonNullable<Dependencies['temporalUi']>,
  workflowId: string,
): string {
  return new URL(
    `namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`,
    url,
  ).href;
}
