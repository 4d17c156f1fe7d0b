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

/** Most that are listed of an organization. */
const MAX_LISTED = 500;

/** What holds now in any open run of the organization, newest first. */
export const createListStandingInForce =
  ({ organizationId, standing }: Pick<CommandDependencies, 'organizationId' | 'standing'>) =>
  (): Promise<StoredStanding[]> =>
    standing.listInForce(organizationId, MAX_LISTED);
