import type { AuditHead } from '../domain/audit-head';
import { GatehouseError } from '../domain/errors';
import type { RunStatus } from '../domain/run';
import type { StoredLink } from './audit-chain';
import type { Database } from './database';
import { Prisma } from './generated/client';

/** A run as the audit knows it, and where its chain should end. */
export interface AuditedRun extends AuditHead {
  runId: string;
  agent: string;
  requestedBy: string;
  status: RunStatus;
  /** Milliseconds since the epoch. */
  createdAt: number;
  endedAt: number | null;
}

export interface AuditScope {
  organizationId: string;
  /** That run alone. */
  runId?: string;
  /** Only runs that were written to at or after this; milliseconds since the epoch. */
  since?: number;
}

/** The audit as it stood at one moment, page after page: memory does not grow with its length. */
export interface AuditSnapshot {
  /** @throws GatehouseError `organization-unknown` */
  organizationHead(): Promise<AuditHead>;
  organizationRecords(): AsyncGenerator<StoredLink>;
  /** By id, in code points. */
  runs(): AsyncGenerator<AuditedRun>;
  records(runId: string): AsyncGenerator<StoredLink>;
}

export type AuditReader = ReturnType<typeof createAuditReader>;

/** Rows that are read at once. */
const PAGE = 500;
/** Longest that a reading may take, in milliseconds. */
const TIMEOUT_MS = 24 * 60 * 60 * 1000;
/** Somebody may have numbered a record below 1. */
const BEFORE_ALL = -2_147_483_648;

export const createAuditReader = (database: Database) =>
  database.guarded({
    /** Reads within one transaction, which sees one moment. */
    async read<Result>(
      scope: AuditScope,
      work: (snapshot: AuditSnapshot) => Promise<Result>,
    ): Promise<Result> {
      return database.client.$transaction(
        async (transaction) => {
          await transaction.$executeRaw`SET TRANSACTION READ ONLY`;
          return work(snapshotOf(transaction, scope));
        },
        {
          isolationLevel: Prisma.TransactionIsolationLevel.RepeatableRead,
          timeout: TIMEOUT_MS,
          maxWait: 10_000,
        },
      );
    },
  });

function snapshotOf(transaction: Prisma.TransactionClient, scope: AuditScope): AuditSnapshot {
  const { organizationId, runId, since } = scope;
  const links = (table: Prisma.Sql, owner: Prisma.Sql) =>
    pages<Omit<StoredLink, 'at'> & { at: Date }>(
      (last) => transaction.$queryRaw`
        SELECT "sequence", "kind", "body", "at", "previousHash", "hash" FROM ${table}
        WHERE ${owner} AND "organizationId" = ${organizationId} AND "sequence" > ${last?.sequence ?? BEFORE_ALL}
        ORDER BY "sequence" LIMIT ${PAGE}`,
    );
  return {
    async organizationHead() {
      const [head] = await transaction.$queryRaw<AuditHead[]>`
        SELECT "auditLength" AS length, "auditHash" AS hash FROM "Organization" WHERE "id" = ${organizationId}`;
      if (!head)
        throw new GatehouseError('organization-unknown', `there is no organization \`${organizationId}\``);
      return head;
    },

    async *organizationRecords() {
      for await (const row of links(Prisma.sql`"OrganizationAuditRecord"`, Prisma.sql`TRUE`))
        yield { ...row, at: row.at.getTime() };
    },

    async *records(run) {
      for await (const row of links(Prisma.sql`"AuditRecord"`, Prisma.sql`"runId" = ${run}`))
        yield { ...row, at: row.at.getTime() };
    },

    async *runs() {
      const chosen = Prisma.sql`${runId === undefined ? Prisma.sql`TRUE` : Prisma.sql`"id" = ${runId}`}
        AND ${since === undefined ? Prisma.sql`TRUE` : Prisma.sql`"updatedAt" >= ${new Date(since)}`}`;
      const rows = pages<RunRow>(
        (last) => transaction.$queryRaw`
          SELECT "id" AS "runId", "agent", "requestedBy", "status"::text AS status, "createdAt", "endedAt",
            "auditLength" AS length, "auditHash" AS hash
          FROM "Run" WHERE "organizationId" = ${organizationId} AND ${chosen} AND "id" COLLATE "C" > ${last?.runId ?? ''}
          ORDER BY "id" COLLATE "C" LIMIT ${PAGE}`,
      );
      for await (const { createdAt, endedAt, ...row } of rows)
        yield { ...row, createdAt: createdAt.getTime(), endedAt: endedAt?.getTime() ?? null };
    },
  };
}

type RunRow = Omit<AuditedRun, 'createdAt' | 'endedAt'> & { createdAt: Date; endedAt: Date | null };

/** All rows, a page at a time; each page begins behind the last row of the one before. */
async function* pages<Row>(read: (last: Row | undefined) => Promise<Row[]>): AsyncGenerator<Row> {
  let last: Row | undefined;
  for (;;) {
    const rows = await read(last);
    yield* rows;
    if (rows.length < PAGE) return;
    last = rows.at(-1);
  }
}
