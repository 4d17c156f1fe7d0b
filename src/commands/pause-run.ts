import { pause } from '../../workflows/messages';
import type { CommandDependencies } from './dependencies';
import { type FindRunDependencies, requireOpenRun } from './find-run';
import { tellHaltedRun } from './tell-halted-runs';

/**
 * Holds a run before its next step; what runs now runs to its end.
 *
 * @throws GatehouseError `run-unknown`, `run-ended`
 */
export const createPauseRun =
  (dependencies: FindRunDependencies & Pick<CommandDependencies, 'halts'>) =>
  async (request: { runId: string; by: string; reason: string }): Promise<void> => {
    const { runId, by, reason } = request;
    const { organizationId, halts, temporal } = dependencies;
    await requireOpenRun(dependencies, runId);
    // Before its dispatch there is no row to keep it in: the run itself keeps it.
    const isKept = await halts.setRun(organizationId, runId, { halt: 'paused', by, reason });
    if (isKept) await tellHaltedRun({ temporal }, runId, false);
    else await temporal.onRun(runId, (handle) => handle.signal(pause, { by, reason }));
  };
