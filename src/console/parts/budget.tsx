import type { AgentBudget, BudgetUsage } from '../../domain/budget';
import { duration } from './times';

interface BudgetProps {
  usage: BudgetUsage;
  /** Null where they are not known any more. */
  limits: AgentBudget | null;
  /** How long the run has acted, in milliseconds; null where it is not known. */
  elapsedMs: number | null;
}

const count = (value: number) => value.toLocaleString('en');

/** How much of its budget a run has used. */
export function Budget({ usage, limits, elapsedMs }: BudgetProps) {
  const rows: [string, number, number | undefined, (value: number) => string][] = [
    ['Turns', usage.turns, limits?.maxTurns, count],
    ['Tokens', usage.tokens, limits?.maxTokens, count],
    ['Tool calls', usage.toolCalls, limits?.maxToolCalls, count],
    ...(elapsedMs === null
      ? []
      : [
          ['Time', elapsedMs, limits?.maxDurationMs, duration] as [
            string,
            number,
            number | undefined,
            typeof duration,
          ],
        ]),
    ['Pipeline runs', usage.pipelineRuns, limits?.maxPipelineRuns, count],
    ['Credentials', usage.credentialRequests, limits?.maxCredentialRequests, count],
  ];
  return (
    <dl class="budget">
      {rows.map(([name, used, limit, shown]) => (
        <div>
          <dt>{name}</dt>
          <dd>
            <span>
              {shown(used)}
              {limit === undefined ? null : <span class="quiet"> of {shown(limit)}</span>}
            </span>
            {limit === undefined ? null : (
              <progress
                class={used >= limit ? 'full' : used >= limit * 0.8 ? 'high' : ''}
                value={Math.min(used, limit)}
                max={Math.max(limit, 1)}
                aria-label={`${name}: ${shown(used)} of ${shown(limit)}`}
              />
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}
