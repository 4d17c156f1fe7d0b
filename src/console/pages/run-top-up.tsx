import type { AgentBudget } from '../../domain/budget';
import { GatehouseError } from '../../domain/errors';
import type { Form } from '../environment';
import { ActionForm } from '../parts/form';
import { paths } from '../paths';

/** What may be added to, as people count it. */
const LIMITS: readonly { limit: keyof AgentBudget; title: string; unit: number }[] = [
  { limit: 'maxTurns', title: 'turns', unit: 1 },
  { limit: 'maxTokens', title: 'tokens', unit: 1 },
  { limit: 'maxToolCalls', title: 'tool calls', unit: 1 },
  { limit: 'maxDurationMs', title: 'minutes of acting', unit: 60_000 },
  { limit: 'maxPipelineRuns', title: 'pipeline runs', unit: 1 },
  { limit: 'maxCredentialRequests', title: 'requests for credentials', unit: 1 },
];

/** More budget for an open run, which need not have asked for it. */
export function TopUpForm({ runId, csrf }: { runId: string; csrf: string }) {
  return (
    <details>
      <summary>Add to its budget</summary>
      <ActionForm action={`${paths.run(runId)}/top-up`} csrf={csrf} class="row">
        <label>
          <span class="unseen">How much</span>
          <input name="amount" type="number" min={1} step={1} required class="amount" placeholder="10" />
        </label>
        <label class="grow">
          <span class="unseen">Of what</span>
          <select name="limit">
            {LIMITS.map(({ limit, title }) => (
              <option value={limit}>{title}</option>
            ))}
          </select>
        </label>
        <button type="submit">Add</button>
      </ActionForm>
      <p class="quiet small">Counts as your approval, and is in the audit.</p>
    </details>
  );
}

/** What the form asks for. @throws GatehouseError `top-up-malformed` */
export function topUpOf(form: Form): Partial<AgentBudget> {
  const wanted = LIMITS.find(({ limit }) => limit === form.text('limit'));
  const amount = form.text('amount').trim();
  if (!wanted || !/^[1-9]\d{0,11}$/.test(amount))
    throw new GatehouseError(
      'top-up-malformed',
      'say how much to add, as a whole number over 0, and of what',
    );
  return { [wanted.limit]: Number(amount) * wanted.unit };
}
