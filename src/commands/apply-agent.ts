import type { Agent } from '../domain/agent';
import type { CommandDependencies } from './dependencies';
import { tellWaitingRuns } from './tell-waiting-runs';

export interface AppliedAgent {
  name: string;
  version: number;
  /** False when exactly this was stored already. */
  isChanged: boolean;
}

/**
 * Keeps an agent's definition under its name; one that differs from the stored one is a new version, and where it is
 * stricter it counts at once.
 */
export const createApplyAgent =
  (dependencies: Pick<CommandDependencies, 'organizationId' | 'agents' | 'approvals' | 'temporal'>) =>
  async (agent: Agent, by: string): Promise<AppliedAgent> => {
    const applied = await dependencies.agents.apply(dependencies.organizationId, agent, by);
    if (applied.isChanged) await tellWaitingRuns(dependencies);
    return { name: agent.name, ...applied };
  };
