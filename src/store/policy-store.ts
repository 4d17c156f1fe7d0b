import { randomUUID } from 'node:crypto';
import { GatehouseError } from '../domain/errors';
import { sha256 } from '../domain/hashing';
import type { CustomPolicy, PolicyMode } from '../domain/policy';
import { inDigestOrder } from '../policy/digest';
import type { PolicyFile } from '../policy/policy-file';
import type { Database } from './database';
import type { Prisma } from './generated/client';
import { recordOrganizationEvent } from './organization-audit';
import { touchPolicies } from './policy-revision';
import { latestTests, recordTests } from './policy-tests';

export type PolicyStore = ReturnType<typeof createPolicyStore>;

export interface Publication {
  policy: CustomPolicy;
  /** False when exactly this was published already. */
  isChanged: boolean;
  /** Whether its tests are others than those that were stored: they judge nothing, and take no new version. */
  hasNewTests: boolean;
}

/** One version as it was published. */
export interface PolicyVersion {
  version: number;
  content: string;
  /** The table of cases that proves it (YAML); null where none was published with it. */
  tests: string | null;
  publishedBy: string;
  /** Milliseconds since the epoch. */
  publishedAt: number;
}

export interface Rollback {
  policy: CustomPolicy;
  /** The version that was the latest. */
  from: number;
  /** The version whose content is back. */
  to: number;
}

/** Policies and their versions. Every change is audited in the name of who made it. */
export const createPolicyStore = (database: Database, now: () => number = Date.now) =>
  database.guarded({
    /**
     * Publishes a policy file: its content becomes the policy of that name, as a new version. Earlier versions are kept.
     * The same file again changes nothing; other tests beside it are kept with the version that is there.
     *
     * @throws GatehouseError `policy-version-taken`: other content under a version that is not newer;
     *   `organization-unknown`
     */
    async publish(organizationId: string, file: PolicyFile, publishedBy: string): Promise<Publication> {
      const [publication] = await publishAll(database, organizationId, [file], {
        by: publishedBy,
        at: now(),
      });
      return publication!;
    },

    /** As `publish`, of several files: all of them, or none. */
    publishAll: (organizationId: string, files: readonly PolicyFile[], publishedBy: string) =>
      publishAll(database, organizationId, files, { by: publishedBy, at: now() }),

    /**
     * Publishes the content of an earlier version again, as a new version.
     *
     * @param to the version to go back to; the one before the latest if absent
     * @throws GatehouseError `policy-unknown`, `policy-version-unknown`, `organization-unknown`
     */
    async rollback(
      organizationId: string,
      name: string,
      { to, by }: { to?: number; by: string },
    ): Promise<Rollback> {
      return database.client.$transaction(async (transaction) => {
        await touchPolicies(transaction, organizationId, 1);
        const versions = await transaction.customPolicyVersion.findMany({
          where: { organizationId, policy: { name } },
          orderBy: { version: 'desc' },
          select: { version: true },
        });
        const [latest, before] = versions;
        if (!latest) throw unknownPolicy(name);
        const wanted = to ?? before?.version;
        const old =
          wanted === undefined
            ? null
            : await transaction.customPolicyVersion.findFirst({
                where: { organizationId, policy: { name }, version: wanted },
                include: { tests: latestTests },
              });
        if (!old)
          throw new GatehouseError(
            'policy-version-unknown',
            wanted === undefined
              ? `policy \`${name}\` has one version only, so there is none to go back to`
              : `policy \`${name}\` has no version ${wanted}; it has ${versions.map((each) => each.version).join(', ')}`,
          );
        const version = latest.version + 1;
        const { content } = old;
        const file = { name, version, content, tests: old.tests[0]?.tests };
        const policy = await write(transaction, organizationId, file, by);
        await recordOrganizationEvent(transaction, organizationId, {
          kind: 'policy-rolled-back',
          at: now(),
          body: {
            policy: name,
            from: latest.version,
            to: version,
            contentOf: old.version,
            contentHash: sha256(content),
            by,
          },
        });
        return { policy, from: latest.version, to: old.version };
      });
    },

    /** Every version of a policy, latest first. @throws GatehouseError `policy-unknown` */
    async history(organizationId: string, name: string): Promise<PolicyVersion[]> {
      const rows = await database.client.customPolicyVersion.findMany({
        where: { organizationId, policy: { name } },
        orderBy: { version: 'desc' },
        include: { tests: latestTests },
      });
      if (rows.length === 0) throw unknownPolicy(name);
      return rows.map(({ version, content, tests, publishedBy, publishedAt }) => ({
        ...{ version, content, publishedBy },
        tests: tests[0]?.tests ?? null,
        publishedAt: publishedAt.getTime(),
      }));
    },

    /** Active and not deleted, by name in code points, ties by id. */
    async listActive(organizationId: string): Promise<CustomPolicy[]> {
      const rows = await database.client.customPolicy.findMany({
        where: { organizationId, isActive: true, deletedAt: null },
      });
      return inDigestOrder(rows.map(policyOf));
    },

    /** Whether the organization's rules refuse, or record what they would have refused. */
    async modeOf(organizationId: string): Promise<PolicyMode> {
      const organization = await database.client.organization.findUnique({
        where: { id: organizationId },
        select: { policyMode: true },
      });
      // Unknown: the stricter one.
      return organization?.policyMode ?? 'enforce';
    },

    /** @throws GatehouseError `organization-unknown` */
    async setMode(organizationId: string, policyMode: PolicyMode, by: string): Promise<void> {
      await database.client.$transaction(async (transaction) => {
        await touchPolicies(transaction, organizationId, 1);
        const where = { id: organizationId };
        const { policyMode: from } = await transaction.organization.findUniqueOrThrow({ where });
        await transaction.organization.update({ where, data: { policyMode } });
        await recordOrganizationEvent(transaction, organizationId, {
          kind: 'policy-mode-changed',
          at: now(),
          body: { from, to: policyMode, by },
        });
      });
    },

    /** Switches a policy on or off; its versions stay. */
    async setActive(organizationId: string, name: string, isActive: boolean, by: string): Promise<void> {
      const kind = isActive ? 'policy-switched-on' : 'policy-switched-off';
      await change(database, organizationId, { name, data: { isActive } }, { kind, at: now(), by });
    },

    /** Takes a policy out of use; its versions stay. */
    async remove(organizationId: string, name: string, by: string): Promise<void> {
      const at = now();
      const data = { deletedAt: new Date(at) };
      await change(database, organizationId, { name, data }, { kind: 'policy-removed', at, by });
    },
  });

/** One transaction. Holds the organization's row, so that two publications of one policy never meet. */
async function publishAll(
  database: Database,
  organizationId: string,
  files: readonly PolicyFile[],
  publication: { by: string; at: number },
): Promise<Publication[]> {
  return database.client.$transaction(async (transaction) => {
    await touchPolicies(transaction, organizationId, 0);
    const publications: Publication[] = [];
    for (const file of files)
      publications.push(await publishOne(transaction, organizationId, file, publication));
    if (publications.some(({ isChanged }) => isChanged)) await touchPolicies(transaction, organizationId, 1);
    return publications;
  });
}

async function publishOne(
  transaction: Prisma.TransactionClient,
  organizationId: string,
  file: PolicyFile,
  { by, at }: { by: string; at: number },
): Promise<Publication> {
  const { name, version, content, tests } = file;
  const stored = await transaction.customPolicy.findUnique({
    where: { organizationId_name: { organizationId, name } },
  });
  const isLive = stored?.isActive && stored.deletedAt === null;
  if (stored && isLive && stored.version === version && stored.content === content) {
    const place = { policyId: stored.id, version, organizationId };
    const hasNewTests = await recordTests(transaction, place, { tests, publishedBy: by });
    if (hasNewTests)
      await recordOrganizationEvent(transaction, organizationId, {
        kind: 'policy-tests-published',
        at,
        body: { policy: name, version, testsHash: sha256(tests ?? ''), by },
      });
    return { policy: policyOf(stored), isChanged: false, hasNewTests };
  }
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
  const policy = await write(transaction, organizationId, file, by);
  await recordOrganizationEvent(transaction, organizationId, {
    kind: 'policy-published',
    at,
    body: {
      policy: name,
      from: isLive ? stored.version : null,
      to: version,
      contentHash: sha256(content),
      ...(tests === undefined ? {} : { testsHash: sha256(tests) }),
      by,
    },
  });
  return { policy, isChanged: true, hasNewTests: tests !== undefined };
}

async function write(
  transaction: Prisma.TransactionClient,
  organizationId: string,
  { name, version, content, tests }: PolicyFile,
  publishedBy: string,
): Promise<CustomPolicy> {
  const live = { content, version, isActive: true, deletedAt: null };
  const policy = await transaction.customPolicy.upsert({
    where: { organizationId_name: { organizationId, name } },
    create: { id: randomUUID(), organizationId, name, ...live },
    update: live,
  });
  await transaction.customPolicyVersion.create({
    data: { policyId: policy.id, version, organizationId, content, publishedBy },
  });
  await recordTests(transaction, { policyId: policy.id, version, organizationId }, { tests, publishedBy });
  return policyOf(policy);
}

function unknownPolicy(name: string): GatehouseError {
  return new GatehouseError('policy-unknown', `there is no policy \`${name}\``);
}

function policyOf({ id, name, content, isActive, version, organizationId }: CustomPolicy): CustomPolicy {
  return { id, name, content, isActive, version, organizationId };
}

/** @throws GatehouseError `policy-unknown`, `organization-unknown` */
async function change(
  database: Database,
  organizationId: string,
  { name, data }: { name: string; data: { isActive?: boolean; deletedAt?: Date } },
  { kind, at, by }: { kind: string; at: number; by: string },
): Promise<void> {
  await database.client.$transaction(async (transaction) => {
    await touchPolicies(transaction, organizationId, 1);
    const [policy] = await transaction.customPolicy.updateManyAndReturn({
      where: { organizationId, name, deletedAt: null },
      data,
    });
    if (!policy) throw unknownPolicy(name);
    const { version, content } = policy;
    await recordOrganizationEvent(transaction, organizationId, {
      kind,
      at,
      body: { policy: name, version, contentHash: sha256(content), by },
    });
  });
}
