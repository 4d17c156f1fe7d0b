import type { StoredAgent } from '../store/agent-store';
import type { CommandDependencies } from './dependencies';

/** The organization's agents, by name. */
export const createListAgents =
  ({ organizationId, agents }: Pick<CommandDependencies, 'organizationId' | 'agents'>) =>
  (): Promise<StoredAgent[]> =>
    agents.list(organizationId);
