import { canonicalJson } from '../domain/canonical-json';
import { GatehouseError } from '../domain/errors';
import type { RunEvent } from '../domain/events';
import { type AuditEntry, chain, headAfter, linkHash } from './audit-chain';
import type { Database } from './database';
import { Prisma } from './generated/client';
import { insertAudit, insertEvents, type RunAddress } from './run-rows';

export type AuditStore = ReturnType<typeof createAuditStore>;

export interface AuditRecord extends AuditEntry {
  sequence: number;
  previousHash: string;
  hash: string;
}

export type ChainVerdict =
  | { ok: true; length: number; hash: string }
  /** `sequence` is that of the first record that is not what it should be. */
  | { ok: false; sequence: number; problem: string };

export const createAuditStore = (database: Database) =>
  database.guarded({
    /** All records of a run, in order. */
    async list({ runId, organizationId }: RunAddress): Promise<AuditRecord[]> {
      const rows = await database.client.auditRecord.findMany({
        where: { runId, organizationId },
        orderBy: { sequence: 'asc' },
      });
      return rows.map((row) => ({
        key: row.key,
        kind: row.kind,
        body: JSON.parse(row.body),
        at: row.at.getTime(),
        sequence: row.sequence,
        previousHash: row.previousHash,
        hash: row.hash,
      }));
    },

    /**
     * Computes a run's chain again: every hash, no gap, nothing changed in a body, and the end where the run says it is.
     *
     * @throws GatehouseError `run-unknown`
     */
    async verifyChain({ runId, organizationId }: RunAddress): Promise<ChainVerdict> {
      const run = await database.client.run.findFirst({
        where: { id: runId, organizationId },
        select: { auditLength: true, auditHash: true, audit: { orderBy: { sequence: 'asc' } } },
      });
      if (!run) throw unknown(runId);
      let previousHash = '';
      for (const [index, row] of run.audit.entries()) {
        const sequence = index + 1;
        const broken = (problem: string): ChainVerdict => ({ ok: false, sequence, problem });
        if (row.sequence !== sequence) return broken('the record is missing');
        if (row.previousHash !== previousHash) return broken('it does not follow the record before');
        const body = parsed(row.body);
        if (body === undefined || canonicalJson(body) !== row.body)
          return broken('its body is not canonical JSON');
        const hash = linkHash(previousHash, { runId, sequence, kind: row.kind, at: row.at.getTime(), body });
        if (hash !== row.hash) return broken('it was changed after it was written');
        previousHash = hash;
      }
      const length = run.audit.length;
      if (length !== run.auditLength || previousHash !== run.auditHash)
        return {
          ok: false,
          sequence: length + 1,
          problem: `the run ends at record ${run.auditLength}, not ${length}`,
        };
      return { ok: true, length, hash: previousHash };
    },
  });

/**
 * Adds events and audit records within a transaction that does something else too. Whoever writes to the same run waits
 * until it ends; what is there already stays.
 *
 * @throws GatehouseError `run-unknown`
 */
export async function appendRecords(
  transaction: Prisma.TransactionClient,
  address: RunAddress,
  { events = [], audit = [] }: { events?: RunEvent[]; audit?: AuditEntry[] },
): Promise<void> {
  const { runId, organizationId } = address;
  const [run] = await transaction.$queryRaw<{ length: number; hash: string }[]>`
    SELECT "auditLength" AS length, "auditHash" AS hash FROM "Run"
    WHERE "id" = ${runId} AND "organizationId" = ${organizationId} FOR NO KEY UPDATE`;
  if (!run) throw unknown(runId);
  const known = await transaction.auditRecord.findMany({
    where: { runId, key: { in: audit.map((entry) => entry.key) } },
    select: { key: true },
  });
  const links = chain(
    runId,
    run,
    audit.filter((entry) => !known.some(({ key }) => key === entry.key)),
  );
  const after = headAfter(run, links);
  await transaction.$executeRaw(Prisma.sql`WITH head AS (
      UPDATE "Run" SET "auditLength" = ${after.length}, "auditHash" = ${after.hash} WHERE "id" = ${runId} RETURNING "id"
    ), events AS (${insertEvents(address, events)}) ${insertAudit(address, links)}`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unknown(runId: string): GatehouseError {
  return new GatehouseError('run-unknown', `there is no run \`${runId}\``);
}
