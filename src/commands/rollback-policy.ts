import type { Rollback } from '../store/policy-store';
import type { CommandDependencies } from './dependencies';
import { tellWaitingRuns } from './tell-waiting-runs';

type Dependencies = Pick<CommandDependencies, 'organizationId' | 'policies' | 'approvals' | 'temporal'>;

/**
 * Publishes the content of an earlier version again, as a new version.
 *
 * @throws GatehouseError `policy-unknown`, `policy-version-unknown`
 */
export const createRollbackPolicy =
  (dependencies: Dependencies) =>
  async (name: string, request: { to?: number; by: string }): Promise<Rollback & { runsTold: number }> => {
    const rollback = await dependencies.policies.rollback(dependencies.organizationId, name, request);
    return { ...rollback, runsTold: await tellWaitingRuns(dependencies) };
  };
