import type { AgentBudget } from './budget';

/** The pseudo-tool that an approval of more budget names; its arguments are the amounts. */
export const TOP_UP_TOOL = 'top-up';

/** No model's call has such an id. */
const TOP_UP_CALL = 'top-up-';

export function topUpCallId(sequence: number | string): string {
  return `${TOP_UP_CALL}${sequence}`;
}

/** Whether an approval is about more budget, and not about a call. */
export function isTopUp({ callId }: { callId: string }): boolean {
  return callId.startsWith(TOP_UP_CALL);
}

const LIMITS: readonly (keyof AgentBudget)[] = [
  'maxTurns',
  'maxTokens',
  'maxToolCalls',
  'maxDurationMs',
  'maxPipelineRuns',
  'maxCredentialRequests',
];

/** Why these are no amounts to add to a run's limits, or null. */
export function topUpProblem(amounts: unknown): string | null {
  if (typeof amounts !== 'object' || amounts === null || Array.isArray(amounts))
    return 'a top-up names limits and what to add: `{"maxTurns": 10}`';
  const entries = Object.entries(amounts);
  if (entries.length === 0) return 'a top-up adds to at least one limit';
  for (const [name, amount] of entries) {
    if (!(LIMITS as readonly string[]).includes(name))
      return `there is no limit \`${name.slice(0, 40)}\`; there are ${LIMITS.map((each) => `\`${each}\``).join(', ')}`;
    if (typeof amount !== 'number' || !Number.isSafeInteger(amount) || amount <= 0)
      return `what is added to \`${name}\` must be a whole number over 0`;
  }
  return null;
}
