import { resume } from '../../workflows/messages';
import { type FindRunDependencies, requireOpenRun } from './find-run';

/**
 * Lets a paused run go on; one that is not paused stays as it is.
 *
 * @throws GatehouseError `run-unknown`, `run-ended`
 */
export const createResumeRun =
  (dependencies: FindRunDependencies) =>
  async (request: { runId: string; by: string; reason: string }): Promise<void> => {
    const { runId, by, reason } = request;
    await requireOpenRun(dependencies, runId);
    await dependencies.temporal.onRun(runId, (handle) => handle.signal(resume, { by, reason }));
  };
