import type { CommandDependencies } from './dependencies';
import { type FindRunDependencies, requireOpenRun } from './find-run';
import { tellHaltedRun } from './tell-halted-runs';

/**
 * Stops a run for good: its sandboxed programs are ended, and it closes as CANCELLED.
 *
 * @throws GatehouseError `run-unknown`, `run-ended`
 */
export const createStopRun =
  (dependencies: FindRunDependencies & Pick<CommandDependencies, 'halts'>) =>
  async ({ runId, by, reason = '' }: { runId: string; by: string; reason?: string }): Promise<void> => {
    const { organizationId, halts, temporal } = dependencies;
    await requireOpenRun(dependencies, runId);
    await halts.setRun(organizationId, runId, { halt: 'stopped', by, reason });
    await tellHaltedRun({ temporal }, runId, true);
  };
