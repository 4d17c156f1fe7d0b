import { type RunStatus, runStatuses } from '../../domain/run';
import type { StoredRun } from '../../store/run-store';
import { STATUS_WORDS, StatusBadge } from '../parts/badges';
import { Name, TheirWords } from '../parts/theirs';
import { Ago, duration } from '../parts/times';
import { paths } from '../paths';

interface FiltersProps {
  status: RunStatus | undefined;
  agent: string | undefined;
  agents: readonly string[];
}

/** Which runs are listed. */
export function Filters({ status, agent, agents }: FiltersProps) {
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

/** Runs as entries, newest first. */
export function Runs({ runs }: { runs: readonly StoredRun[] }) {
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
