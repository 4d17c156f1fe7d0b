import { resume } from '../../workflows/messages';
import { GatehouseError } from '../domain/errors';
import type { CommandDependencies } from './dependencies';
import { type FindRunDependencies, requireOpenRun } from './find-run';
import { tellHaltedRun } from './tell-halted-runs';

/**
 * Lets a paused run go on, as far as neither its agent nor the organization is halted; one that is not paused stays as
 * it is.
 *
 * @throws GatehouseError `run-unknown`, `run-ended`, `run-stopped` for one that ends at its next step
 */
export const createResumeRun =
  (dependencies: FindRunDependencies & Pick<CommandDependencies, 'halts'>) =>
  async (request: { runId: string; by: string; reason: string }): Promise<void> => {
    const { runId, by, reason } = request;
    const { organizationId, halts, runs, temporal } = dependencies;
    await requireOpenRun(dependencies, runId);
    if ((await runs.get(organizationId, runId))?.halt === 'stopped')
      throw new GatehouseError('run-stopped', `run \`${runId}\` was stopped for good; start another one`);
    await halts.setRun(organizationId, runId, { halt: 'none', by, reason });
    await temporal.onRun(runId, (handle) => handle.signal(resume, { by, reason }));
    await tellHaltedRun({ temporal }, runId, false);
  };
