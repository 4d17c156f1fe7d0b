import type { SigningKey } from '../broker/keys';
import type { AuditHead } from '../domain/audit-head';
import { ANCHOR, type AnchoredHead, signAnchor } from './audit-anchor';
import type { Database } from './database';
import { Prisma } from './generated/client';
import { extendOrganizationChain } from './organization-audit';
import type { RunAddress } from './run-rows';

export type AnchorStore = ReturnType<typeof createAnchorStore>;

/** What was written into an organization's chain, and where that stands now. */
export interface Anchoring extends AuditHead {
  organizationId: string;
  /** How many runs it names. */
  runs: number;
}

/** Heads in one record. */
const MAX_HEADS = 500;
/** Any number that no other program takes: of several control workers, one anchors. */
const ANCHOR_LOCK = 4_872_615_002;

/**
 * Writes where the chains of runs stand into their organization's chain, signed: a run that is taken away whole, or cut
 * short together with its head, is missed there.
 *
 * @param key of control alone; whoever can write the whole database still lacks it
 */
export const createAnchorStore = (database: Database, key: SigningKey, now: () => number = Date.now) => {
  const { client } = database;

  async function anchor(
    organizationId: string,
    condition: Prisma.Sql,
    isWanted: (transaction: Prisma.TransactionClient) => Promise<boolean> = async () => true,
  ): Promise<Anchoring | null> {
    const at = now();
    const written = await client.$transaction(async (transaction) => {
      if (!(await isWanted(transaction))) return null;
      const heads = await transaction.$queryRaw<AnchoredHead[]>`
        SELECT "id" AS "runId", "auditLength" AS length, "auditHash" AS hash FROM "Run"
        WHERE "organizationId" = ${organizationId} AND "anchoredLength" < "auditLength" AND ${condition}
        ORDER BY "id" LIMIT ${MAX_HEADS}`;
      if (heads.length === 0) return null;
      const head = await extendOrganizationChain(transaction, organizationId, (sequence, previousHash) => {
        const body = signAnchor({ organizationId, sequence, previousHash, at }, heads, key);
        return [{ key: `${ANCHOR}:${sequence}`, kind: ANCHOR, body, at }];
      });
      return { heads, head };
    });
    if (!written) return null;
    const { heads, head } = written;
    // After the transaction, so that nobody who holds a run waits for us while we hold the organization. Where this is
    // lost the runs are anchored once more.
    await client.$executeRaw`UPDATE "Run" SET "anchoredLength" = GREATEST("anchoredLength", h.length)
      FROM unnest(${heads.map(({ runId }) => runId)}::text[], ${heads.map(({ length }) => length)}::int[])
        AS h(id, length) WHERE "Run"."id" = h.id`;
    return { organizationId, runs: heads.length, ...head };
  }

  return database.guarded({
    /** Anchors one run as it stands; does nothing where that is done. */
    async anchorRun({ organizationId, runId }: RunAddress): Promise<Anchoring | null> {
      return anchor(organizationId, Prisma.sql`"id" = ${runId}`);
    },

    /** Anchors every run whose chain went on since it was anchored. Of several at once, one does it. */
    async anchorAll(): Promise<Anchoring[]> {
      const organizations = await client.$queryRaw<{ id: string }[]>`
        SELECT DISTINCT "organizationId" AS id FROM "Run" WHERE "anchoredLength" < "auditLength" ORDER BY 1`;
      const done: Anchoring[] = [];
      for (const { id } of organizations)
        for (;;) {
          const anchoring = await anchor(id, Prisma.sql`TRUE`, takeTurn);
          if (!anchoring) break;
          done.push(anchoring);
          if (anchoring.runs < MAX_HEADS) break;
        }
      return done;
    },
  });
};

async function takeTurn(transaction: Prisma.TransactionClient): Promise<boolean> {
  const [row] = await transaction.$queryRaw<{ isTaken: boolean }[]>`
    SELECT pg_try_advisory_xact_lock(${ANCHOR_LOCK}) AS "isTaken"`;
  return row?.isTaken === true;
}
