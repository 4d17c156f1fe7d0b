import { GatehouseError } from '../domain/errors';
import type { Prisma } from './generated/client';

/**
 * Counts up an organization's policy revision, which tells every gate that what it compiled is out of date. It holds
 * the organization's row until the transaction ends; by 0 it does nothing but that.
 *
 * @throws GatehouseError `organization-unknown`
 */
export async function touchPolicies(
  transaction: Prisma.TransactionClient,
  organizationId: string,
  by: 0 | 1,
): Promise<void> {
  const { count } = await transaction.organization.updateMany({
    where: { id: organizationId },
    data: { policyRevision: { increment: by } },
  });
  if (count === 0)
    throw new GatehouseError('organization-unknown', `there is no organization \`${organizationId}\``);
}
