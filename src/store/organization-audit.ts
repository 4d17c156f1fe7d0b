import type { AuditHead } from '../domain/audit-head';
import { GatehouseError } from '../domain/errors';
import { type AuditEntry, chain, headAfter } from './audit-chain';
import type { Prisma } from './generated/client';

/** Names an organization's own chain where a run's id names a run's. */
export function organizationChain(organizationId: string): string {
  return `organization:${organizationId}`;
}

/** What happened beside runs, to be remembered under the number that it gets. */
export interface OrganizationEvent {
  kind: string;
  /** Milliseconds since the epoch. */
  at: number;
  body: Record<string, unknown>;
}

/**
 * Adds one event to an organization's own chain, within the transaction that does it.
 *
 * @throws GatehouseError `organization-unknown`
 */
export async function recordOrganizationEvent(
  transaction: Prisma.TransactionClient,
  organizationId: string,
  { kind, at, body }: OrganizationEvent,
): Promise<void> {
  await extendOrganizationChain(transaction, organizationId, (sequence) => [
    { key: `${kind}:${sequence}`, kind, body, at },
  ]);
}

/**
 * Adds records to an organization's own chain, within the transaction that does what they are about. Whoever writes to
 * the same chain waits until it ends; a record whose key is there already stays.
 *
 * @param entries or what they are, given the number that the first will have
 * @throws GatehouseError `organization-unknown`
 */
export async function appendOrganizationRecords(
  transaction: Prisma.TransactionClient,
  organizationId: string,
  entries: readonly AuditEntry[] | ((firstSequence: number) => readonly AuditEntry[]),
): Promise<void> {
  await extendOrganizationChain(transaction, organizationId, entries);
}

/**
 * As {@link appendOrganizationRecords}; entries may also depend on the hash of the record before the first.
 *
 * @returns where the chain ends now
 */
export async function extendOrganizationChain(
  transaction: Prisma.TransactionClient,
  organizationId: string,
  entries: readonly AuditEntry[] | ((firstSequence: number, previousHash: string) => readonly AuditEntry[]),
): Promise<AuditHead> {
  const [head] = await transaction.$queryRaw<AuditHead[]>`
    SELECT "auditLength" AS length, "auditHash" AS hash FROM "Organization"
    WHERE "id" = ${organizationId} FOR NO KEY UPDATE`;
  if (!head)
    throw new GatehouseError('organization-unknown', `there is no organization \`${organizationId}\``);
  const wanted = typeof entries === 'function' ? entries(head.length + 1, head.hash) : entries;
  const known = await transaction.organizationAuditRecord.findMany({
    where: { organizationId, key: { in: wanted.map(({ key }) => key) } },
    select: { key: true },
  });
  const links = chain(
    organizationChain(organizationId),
    head,
    wanted.filter((entry) => !known.some(({ key }) => key === entry.key)),
  );
  if (links.length === 0) return head;
  await transaction.organizationAuditRecord.createMany({
    data: links.map(({ key, kind, bodyText, at, sequence, previousHash, hash }) => ({
      organizationId,
      sequence,
      key,
      kind,
      body: bodyText,
      at: new Date(at),
      previousHash,
      hash,
    })),
  });
  const after = headAfter(head, links);
  await transaction.organization.update({
    where: { id: organizationId },
    data: { auditLength: after.length, auditHash: after.hash },
  });
  return after;
}
