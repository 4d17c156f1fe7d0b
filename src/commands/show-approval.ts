import { GatehouseError } from '../domain/errors';
import { visibleText } from '../domain/visible-text';
import type { StoredApproval } from '../store/approval-store';
import type { CommandDependencies } from './dependencies';

/** One approval, whether it waits or is settled. @throws GatehouseError `approval-unknown` */
export const createShowApproval =
  ({ organizationId, approvals }: Pick<CommandDependencies, 'organizationId' | 'approvals'>) =>
  async (id: string): Promise<StoredApproval> => {
    const found = await approvals.get(organizationId, id);
    if (!found)
      throw new GatehouseError('approval-unknown', `there is no approval \`${visibleText(id, 80)}\``);
    return found;
  };
