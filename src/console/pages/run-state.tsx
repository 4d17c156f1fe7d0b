import type { RunView } from '../../commands/show-run';
import type { AgentBudget } from '../../domain/budget';
import { isEnded } from '../../domain/run';
import type { ConsoleDependencies } from '../dependencies';
import { StatusBadge } from '../parts/badges';
import { Budget } from '../parts/budget';
import { StandingRows } from '../parts/standing';
import { Name, Theirs, TheirWords } from '../parts/theirs';
import { duration, Time } from '../parts/times';
import { paths } from '../paths';
import { Controls, Pending } from './run-controls';
import { Credentials } from './run-credentials';

interface StateProps {
  run: RunView;
  limits: AgentBudget | null;
  temporalUi: ConsoleDependencies['temporalUi'];
  csrf: string;
  mayWrite: boolean;
  mayDecide: boolean;
}

/** How the run stands; asked for again when that changes. */
export function State({ run, limits, temporalUi, csrf, mayWrite, mayDecide }: StateProps) {
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
      {run.standing.length > 0 ? <Standing run={run} csrf={csrf} mayDecide={mayDecide} /> : null}
      {run.credentials.length > 0 ? <Credentials credentials={run.credentials} /> : null}
      {(mayWrite || mayDecide) && !isEnded(status) ? (
        <Controls {...{ runId, csrf, mayWrite, mayDecide }} isPaused={status === 'PAUSED'} />
      ) : null}
    </div>
  );
}

function Standing({ run, csrf, mayDecide }: Pick<StateProps, 'run' | 'csrf' | 'mayDecide'>) {
  const { standing, status } = run;
  const revoked = standing.filter(({ revokedAt }) => revokedAt !== null).length;
  return (
    <section
      class="card"
      aria-labelledby="standing"
      data-key="standing"
      data-version={`${standing.length} ${revoked} ${isEnded(status)}`}
    >
      <h2 id="standing">Approved for the rest of the run</h2>
      <StandingRows standing={standing} csrf={csrf} mayRevoke={mayDecide} on="run" status={status} />
    </section>
  );
}

/** A folder by its last names; an address as it is. */
function shortRepository(repository: string): string {
  const names = repository.split('/');
  return repository.startsWith('/') && names.length > 3 ? `…/${names.slice(-2).join('/')}` : repository;
}

function workflowUrl(
  { url, namespace }: NonNullable<ConsoleDependencies['temporalUi']>,
  workflowId: string,
): string {
  return new URL(
    `namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`,
    url,
  ).href;
}
