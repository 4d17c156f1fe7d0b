import { GatehouseError } from '../domain/errors';
import { visibleText } from '../domain/visible-text';
import type { StoredAgent } from '../store/agent-store';
import type { CommandDependencies } from './dependencies';

/** One agent by its name. @throws GatehouseError `agent-unknown` */
export const createShowAgent =
  ({ organizationId, agents }: Pick<CommandDependencies, 'organizationId' | 'agents'>) =>
  async (name: string): Promise<StoredAgent> => {
    const found = (await agents.list(organizationId)).find(({ definition }) => definition.name === name);
    if (!found) throw new GatehouseError('agent-unknown', `there is no agent \`${visibleText(name, 80)}\``);
    return found;
  };
