import type { PolicyMode } from '../domain/policy';
import type { CommandDependencies } from './dependencies';
import { tellWaitingRuns } from './tell-waiting-runs';

type Dependencies = Pick<CommandDependencies, 'organizationId' | 'policies' | 'approvals' | 'temporal'>;

/**
 * Sets whether organization rules, grounding and rates refuse, or record what they would have refused. Enforcing counts
 * at once; observing, being looser, for new runs only.
 *
 * @returns how many runs decide again what waits for approval
 * @throws GatehouseError `organization-unknown`
 */
export const createSetPolicyMode =
  (dependencies: Dependencies) =>
  async (mode: PolicyMode, by: string): Promise<{ runsTold: number }> => {
    await dependencies.policies.setMode(dependencies.organizationId, mode, by);
    return { runsTold: await tellWaitingRuns(dependencies) };
  };
