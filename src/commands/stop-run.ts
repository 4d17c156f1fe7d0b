import { type FindRunDependencies, requireOpenRun } from './find-run';

/**
 * Stops a run for good: its sandboxed programs are ended, and it closes as CANCELLED.
 *
 * @throws GatehouseError `run-unknown`, `run-ended`
 */
export const createStopRun =
  (dependencies: FindRunDependencies) =>
  async ({ runId }: { runId: string }): Promise<void> => {
    await requireOpenRun(dependencies, runId);
    await dependencies.temporal.onRun(runId, (handle) => handle.cancel());
  };
