import { GatehouseError } from '../domain/errors';
import type { RunEvent } from '../domain/events';
import { type AuditEntry, ChainCheck, chain, headAfter } from './audit-chain';
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
      const check = new ChainCheck(runId);
      for (const row of run.audit) {
        const taken = check.take({ ...row, at: row.at.getTime() });
        if ('problem' in taken) return { ok: false, ...taken };
      }
      const cut = check.end({ length: run.auditLength, hash: run.auditHash });
      return cut ? { ok: false, ...cut } : { ok: true, ...check.head };
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

function unknown(runId: string): GatehouseError {
  return new GatehouseError('run-unknown', `there is no run \`${runId}\``);
}
