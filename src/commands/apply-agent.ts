import type { Agent } from '../domain/agent';
import type { CommandDependencies } from './dependencies';

export interface AppliedAgent {
  name: string;
  version: number;
  /** False when exactly this was stored already. */
  isChanged: boolean;
}

/** Keeps an agent's definition under its name; one that differs from the stored one is a new version. */
export const createApplyAgent =
  ({ organizationId, agents }: Pick<CommandDependencies, 'organizationId' | 'agents'>) =>
  async (agent: Agent): Promise<AppliedAgent> => ({
    name: agent.name,
    ...(await agents.apply(organizationId, agent)),
  });
