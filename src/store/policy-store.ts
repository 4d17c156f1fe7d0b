import { randomUUID } from 'node:crypto';
import { GatehouseError } from '../domain/errors';
import type { CustomPolicy } from '../domain/policy';
import { inDigestOrder } from '../policy/digest';
import type { PolicyFile } from '../policy/policy-file';
import type { Database } from './database';
import { touchPolicies } from './policy-revision';

export type PolicyStore = ReturnType<typeof createPolicyStore>;

export interface Publication {
  policy: CustomPolicy;
  /** False when exactly this was published already. */
  isChanged: boolean;
}

export const createPolicyStore = (database: Database) =>
  database.guarded({
    /**
     * Publishes a policy file: its content becomes the policy of that name, as a new version. Earlier versions are kept.
     * The same file again changes nothing.
     *
     * @throws GatehouseError `policy-version-taken`: other content under a version that is not newer;
     *   `organization-unknown`
     */
    async publish(organizationId: string, file: PolicyFile, publishedBy: string): Promise<Publication> {
      const { name, version, content } = file;
      return database.client.$transaction(async (transaction) => {
        await touchPolicies(transaction, organizationId, 0);
        const stored = await transaction.customPolicy.findUnique({
          where: { organizationId_name: { organizationId, name } },
        });
        const isLive = stored?.isActive && stored.deletedAt === null;
        if (stored && isLive && stored.version === version && stored.content === content)
          return { policy: policyOf(stored), isChanged: false };
        const latest = stored
          ? await transaction.customPolicyVersion.aggregate({
              where: { policyId: stored.id },
              _max: { version: true },
            })
          : null;
        const taken = latest?._max.version ?? 0;
        if (version <= taken)
          throw new GatehouseError(
            'policy-version-taken',
            `policy \`${name}\` is published as version ${taken} already, with other content or switched off; write \`version: ${taken + 1}\` to publish this`,
          );
        const live = { content, version, isActive: true, deletedAt: null };
        const policy = await transaction.customPolicy.upsert({
          where: { organizationId_name: { organizationId, name } },
          create: { id: randomUUID(), organizationId, name, ...live },
          update: live,
        });
        await transaction.customPolicyVersion.create({
          data: { policyId: policy.id, version, organizationId, content, publishedBy },
        });
        await touchPolicies(transaction, organizationId, 1);
        return { policy: policyOf(policy), isChanged: true };
      });
    },

    /** Active and not deleted, by name in code points, ties by id. */
    async listActive(organizationId: string): Promise<CustomPolicy[]> {
      const rows = await database.client.customPolicy.findMany({
        where: { organizationId, isActive: true, deletedAt: null },
      });
      return inDigestOrder(rows.map(policyOf));
    },

    /** Switches a policy on or off; its versions stay. */
    async setActive(organizationId: string, name: string, isActive: boolean): Promise<void> {
      await change(database, organizationId, name, { isActive });
    },

    /** Takes a policy out of use; its versions stay. */
    async remove(organizationId: string, name: string): Promise<void> {
      await change(database, organizationId, name, { deletedAt: new Date() });
    },
  });

function policyOf({ id, name, content, isActive, version, organizationId }: CustomPolicy): CustomPolicy {
  return { id, name, content, isActive, version, organizationId };
}

/** @throws GatehouseError `policy-unknown`, `organization-unknown` */
async function change(
  database: Database,
  organizationId: string,
  name: string,
  data: { isActive?: boolean; deletedAt?: Date },
): Promise<void> {
  await database.client.$transaction(async (transaction) => {
    await touchPolicies(transaction, organizationId, 1);
    const { count } = await transaction.customPolicy.updateMany({
      where: { organizationId, name, deletedAt: null },
      data,
    });
    if (count === 0) throw new GatehouseError('policy-unknown', `there is no policy \`${name}\``);
  });
}
