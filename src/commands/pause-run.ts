import { pause } from '../../workflows/messages';
import { type FindRunDependencies, requireOpenRun } from './find-run';

/**
 * Holds a run before its next step; what runs now runs to its end.
 *
 * @throws GatehouseError `run-unknown`, `run-ended`
 */
export const createPauseRun =
  (dependencies: FindRunDependencies) =>
  async (request: { runId: string; by: string; reason: string }): Promise<void> => {
    const { runId, by, reason } = request;
    await requireOpenRun(dependencies, runId);
    await dependencies.temporal.onRun(runId, (handle) => handle.signal(pause, { by, reason }));
  };
