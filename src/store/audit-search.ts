import type { Database } from './database';
import { Prisma } from './generated/client';

export type AuditSearch = ReturnType<typeof createAuditSearch>;

export interface AuditQuery {
  organizationId: string;
  /** Only of this run. */
  runId?: string;
  /** Only of this kind: `decision`, `finish`. */
  kind?: string;
  /** What the record's text holds, case aside. */
  text?: string;
  /** At most 200. @default 50 */
  limit?: number;
  /** `next` of the page before. */
  cursor?: string | null;
}

/** One record of a run's chain, or of the organization's own. */
export interface FoundAuditRecord {
  /** Null for the organization's own. */
  runId: string | null;
  sequence: number;
  kind: string;
  /** RFC 8785 JSON. */
  body: string;
  /** Milliseconds since the epoch. */
  at: number;
  hash: string;
}

export interface AuditPage {
  /** Newest first. */
  records: FoundAuditRecord[];
  /** Cursor of the next page, or null at the end. */
  next: string | null;
}

interface Row {
  runId: string;
  sequence: number;
  kind: string;
  body: string;
  at: Date;
  hash: string;
}

/** Reads the audit of an organization and its runs together; nothing is verified here. */
export const createAuditSearch = (database: Database) =>
  database.guarded({
    async find({ organizationId, runId, kind, text, limit = 50, cursor }: AuditQuery): Promise<AuditPage> {
      const count = Math.min(Math.max(limit, 1), 200);
      const since = readCursor(cursor);
      const wanted = Prisma.join(
        [
          Prisma.sql`"organizationId" = ${organizationId}`,
          ...(kind ? [Prisma.sql`"kind" = ${kind}`] : []),
          ...(text ? [Prisma.sql`strpos(lower("body"), lower(${text})) > 0`] : []),
        ],
        ' AND ',
      );
      const ofRuns = runId ? Prisma.sql`AND "runId" = ${runId}` : Prisma.empty;
      const ofOrganization = runId ? Prisma.sql`AND false` : Prisma.empty;
      const rows = await database.client.$queryRaw<Row[]>`
        SELECT * FROM (
          SELECT "runId", "sequence", "kind", "body", "at", "hash" FROM "AuditRecord" WHERE ${wanted} ${ofRuns}
          UNION ALL
          SELECT '' AS "runId", "sequence", "kind", "body", "at", "hash" FROM "OrganizationAuditRecord"
          WHERE ${wanted} ${ofOrganization}
        ) AS records
        ${since ? Prisma.sql`WHERE ("at", "runId", "sequence") < (${since.at}::timestamptz, ${since.runId}, ${since.sequence}::int)` : Prisma.empty}
        ORDER BY "at" DESC, "runId" DESC, "sequence" DESC LIMIT ${count + 1}`;
      const records = rows.slice(0, count);
      const last = records.at(-1);
      return {
        records: records.map((row) => ({
          ...row,
          runId: row.runId === '' ? null : row.runId,
          at: row.at.getTime(),
        })),
        next: rows.length > count && last ? `${last.at.toISOString()}~${last.sequence}~${last.runId}` : null,
      };
    },
  });

/** One that was not made here is as none. */
function readCursor(
  cursor: string | null | undefined,
): { at: string; sequence: number; runId: string } | null {
  const [, at = '', sequence, runId = ''] =
    /^(\d{4}-[\dT:.-]+Z)~(\d{1,9})~([\w.-]*)$/.exec(cursor ?? '') ?? [];
  return Number.isNaN(Date.parse(at)) ? null : { at, sequence: Number(sequence), runId };
}
