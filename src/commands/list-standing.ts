import type { StoredStanding } from '../store/standing-store';
import type { CommandDependencies } from './dependencies';
import { type FindRunDependencies, requireRun } from './find-run';

/** What was approved for the rest of a run, revoked or not, oldest first. @throws GatehouseError `run-unknown` */
export const createListStanding =
  (dependencies: FindRunDependencies & Pick<CommandDependencies, 'standing'>) =>
  async (runId: string): Promise<StoredStanding[]> => {
    await requireRun(dependencies, runId);
    return dependencies.standing.list({ runId, organizationId: dependencies.organizationId });
  };
