import { policyChanged } from '../../workflows/messages';
import type { CommandDependencies } from './dependencies';

/**
 * Has every run that waits for an approval decide again what it waits for, since the policy changed. A run that cannot
 * be told misses nothing: it decides again before it acts on an approval.
 *
 * @returns how many were told
 */
export async function tellWaitingRuns({
  organizationId,
  approvals,
  temporal,
}: Pick<CommandDependencies, 'organizationId' | 'approvals' | 'temporal'>): Promise<number> {
  const waiting = new Set((await approvals.listPending(organizationId)).map(({ runId }) => runId));
  let told = 0;
  for (const runId of waiting)
    try {
      await temporal.onRun(runId, (handle) => handle.signal(policyChanged));
      told++;
    } catch {
      // It has ended meanwhile, or decides again by itself.
    }
  return told;
}
