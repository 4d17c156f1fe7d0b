import type { Database } from './database';
import { commitRun } from './run-commit';
import type { RunAddress } from './run-rows';

export type ArtifactAccess = ReturnType<typeof createArtifactAccess>;

/** What was put, by its hash. */
export interface PutArtifact {
  hash: string;
  bytes: number;
}

/** What became of a wish to count artifacts as a run's. */
export type Counted = 'counted' | 'over-quota' | 'run-over';

/** An artifact that a run's worker asked for or put, and did not get. */
export interface ArtifactRefusal {
  role: string;
  /** RFC 7638 thumbprint of the key that asked. */
  presenter: string;
  hash: string | null;
  code: string;
}

/** However small, an artifact takes so much of a quota: files and rows have a size of their own. */
const LEAST_BYTES = 1_024;
/** Most refusals that the audit of a run remembers. */
const MAX_REFUSALS = 50;
const REFUSED = 'artifact-refused';

/**
 * Which artifacts a run may read, decided here alone: what its own workers put, having sent every byte of it, and what
 * control gave it. That another run has the same content is no reason and leaves no trace.
 */
export const createArtifactAccess = (
  database: Database,
  { quotaBytes, now = Date.now }: { quotaBytes: number; now?: () => number },
) => {
  const { client } = database;
  return database.guarded({
    /** Control's own: the snapshot a run is pinned to, its script, what of its transcript was archived. */
    async give(runId: string, hashes: readonly string[]): Promise<void> {
      await client.$executeRaw`INSERT INTO "RunArtifact" ("runId", "hash")
        SELECT ${runId}, unnest(${[...hashes]}::text[]) ON CONFLICT DO NOTHING`;
    },

    /** Whether an open run may read it. A run that is over reads nothing. */
    async mayRead({ runId, organizationId }: RunAddress, hash: string): Promise<boolean> {
      const rows = await client.$queryRaw<
        unknown[]
      >`SELECT 1 FROM "RunArtifact" a JOIN "Run" r ON r."id" = a."runId"
        WHERE a."runId" = ${runId} AND a."hash" = ${hash}
          AND r."organizationId" = ${organizationId} AND r."endedAt" IS NULL`;
      return rows.length > 0;
    },

    /** Whether so much more would be counted; {@link count} decides. */
    async mayPut({ runId, organizationId }: RunAddress, bytes: number): Promise<Counted> {
      const [row] = await client.$queryRaw<{ fits: boolean }[]>`
        SELECT COALESCE(u."bytes", 0) + ${bytes}::bigint <= ${quotaBytes}::bigint AS "fits"
        FROM "Run" r LEFT JOIN "RunArtifactUse" u ON u."runId" = r."id"
        WHERE r."id" = ${runId} AND r."organizationId" = ${organizationId} AND r."endedAt" IS NULL`;
      if (!row) return 'run-over';
      return row.fits ? 'counted' : 'over-quota';
    },

    /**
     * Counts what was put as an open run's, all of it or nothing; what is the run's already is not counted again.
     *
     * INVARIANT: only called for content of which every byte came from that run's worker, or a hash alone would open it.
     */
    async count({ runId, organizationId }: RunAddress, put: readonly PutArtifact[]): Promise<Counted> {
      const hashes = put.map(({ hash }) => hash);
      const sizes = put.map(({ bytes }) => Math.max(bytes, LEAST_BYTES));
      const [row] = await client.$queryRaw<{ isOpen: boolean; isCounted: boolean }[]>`
        WITH run AS (
          SELECT "id" FROM "Run"
          WHERE "id" = ${runId} AND "organizationId" = ${organizationId} AND "endedAt" IS NULL),
        fresh AS (
          SELECT DISTINCT p."hash", p."bytes" FROM unnest(${hashes}::text[], ${sizes}::bigint[]) AS p("hash", "bytes")
          WHERE NOT EXISTS (SELECT FROM "RunArtifact" a WHERE a."runId" = ${runId} AND a."hash" = p."hash")),
        total AS (SELECT COALESCE(sum("bytes"), 0)::bigint AS "bytes" FROM fresh),
        counted AS (
          INSERT INTO "RunArtifactUse" AS used ("runId", "bytes")
          SELECT run."id", total."bytes" FROM run, total WHERE total."bytes" <= ${quotaBytes}::bigint
          ON CONFLICT ("runId") DO UPDATE SET "bytes" = used."bytes" + EXCLUDED."bytes"
          WHERE used."bytes" + EXCLUDED."bytes" <= ${quotaBytes}::bigint
          RETURNING "runId"),
        added AS (
          INSERT INTO "RunArtifact" ("runId", "hash")
          SELECT counted."runId", fresh."hash" FROM counted, fresh ON CONFLICT DO NOTHING)
        SELECT EXISTS (SELECT FROM run) AS "isOpen", EXISTS (SELECT FROM counted) AS "isCounted"`;
      if (!row?.isOpen) return 'run-over';
      return row.isCounted ? 'counted' : 'over-quota';
    },

    /** Remembers in a run's audit what a worker tried; each once, and a bounded number. */
    async refused({ runId, organizationId }: RunAddress, refusal: ArtifactRefusal): Promise<void> {
      const { presenter, hash, code } = refusal;
      const key = `${REFUSED}:${code}:${presenter}:${hash ?? ''}`;
      const run = await client.run.findFirst({ where: { id: runId, organizationId }, select: { id: true } });
      if (!run) return;
      const known = await client.auditRecord.count({ where: { runId, kind: REFUSED } });
      if (known >= MAX_REFUSALS) return;
      const at = now();
      await commitRun(client, {
        ...{ runId, organizationId, at },
        audit: [{ key, kind: REFUSED, body: { ...refusal }, at }],
      });
    },
  });
};
