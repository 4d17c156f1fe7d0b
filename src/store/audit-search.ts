import type { Database } from './database';
import { Prisma } from './generated/client';

export type AuditSearch = ReturnType<typeof createAuditSearch>;

export interface AuditQuery {
  organizationId: string;
  runId?: string;
  kind?: string;
  /** Who said, did or was given it. */
  person?: string;
  /** Milliseconds since the epoch; `until` itself is left out. */
  since?: number;
  until?: number;
  /** At most 500. @default 100 */
  limit?: number;
  /** `next` of the page before. */
  cursor?: string | null;
}

export interface FoundRecord {
  /** Null for the organization's own chain. */
  runId: string | null;
  sequence: number;
  kind: string;
  body: unknown;
  /** Milliseconds since the epoch. */
  at: number;
  hash: string;
}

export interface AuditPage {
  /** Newest first. */
  records: FoundRecord[];
  next: string | null;
}

/** A call that was granted and of which nobody said what became of it. */
export interface OpenGrant {
  runId: string;
  callId: string;
  tool: string;
  /** When it was granted last; milliseconds since the epoch. */
  grantedAt: number;
  /** Of an open run it may still be under way. */
  hasRunEnded: boolean;
}

export const createAuditSearch = (database: Database) =>
  database.guarded({
    /** Records of an organization and of its runs. */
    async search(query: AuditQuery): Promise<AuditPage> {
      const limit = Math.min(Math.max(query.limit ?? 100, 1), 500);
      const after = cursorOf(query.cursor);
      const rows = await database.client.$queryRaw<(Omit<FoundRecord, 'at' | 'body'> & Row)[]>`
        SELECT NULLIF("runId", '') AS "runId", "sequence", "kind", "body", "at", "hash" FROM (
          SELECT "runId", "sequence", "kind", "body", "at", "hash" FROM "AuditRecord"
          WHERE ${conditionsOf(query, Prisma.sql`"runId"`)}
          UNION ALL
          SELECT '' AS "runId", "sequence", "kind", "body", "at", "hash" FROM "OrganizationAuditRecord"
          WHERE ${conditionsOf(query, Prisma.sql`''`)}
        ) found
        WHERE ${after ? Prisma.sql`("at", "runId" COLLATE "C", "sequence") < (${after.at}, ${after.runId} COLLATE "C", ${after.sequence})` : Prisma.sql`TRUE`}
        ORDER BY "at" DESC, "runId" COLLATE "C" DESC, "sequence" DESC LIMIT ${limit + 1}`;
      const records = rows
        .slice(0, limit)
        .map(({ at, body, ...row }) => ({ ...row, body: bodyOf(body), at: at.getTime() }));
      const last = records.at(-1);
      return { records, next: rows.length > limit && last ? cursorTextOf(last) : null };
    },

    /** Granted calls without an outcome, oldest first; of one run where one is named. */
    async openGrants(organizationId: string, runId?: string): Promise<OpenGrant[]> {
      const rows = await database.client.$queryRaw<(Omit<OpenGrant, 'grantedAt'> & { grantedAt: Date })[]>`
        SELECT d."runId", d."callId", max(d."gated" -> 'call' ->> 'tool') AS tool, max(d."at") AS "grantedAt",
          r."endedAt" IS NOT NULL AS "hasRunEnded"
        FROM "DecisionRecord" d JOIN "Run" r ON r."id" = d."runId"
        WHERE d."organizationId" = ${organizationId} AND d."isGranted"
          AND ${runId === undefined ? Prisma.sql`TRUE` : Prisma.sql`d."runId" = ${runId}`}
          AND NOT EXISTS (SELECT FROM "AuditRecord" a
            WHERE a."runId" = d."runId" AND a."key" = 'outcome:' || d."callId")
        GROUP BY d."runId", d."callId", r."endedAt" ORDER BY "grantedAt", d."runId", d."callId"`;
      return rows.map(({ grantedAt, ...grant }) => ({ ...grant, grantedAt: grantedAt.getTime() }));
    },
  });

interface Row {
  at: Date;
  body: string;
}

function conditionsOf(
  { organizationId, runId, kind, person, since, until }: AuditQuery,
  run: Prisma.Sql,
): Prisma.Sql {
  const conditions = [Prisma.sql`"organizationId" = ${organizationId}`];
  if (runId !== undefined) conditions.push(Prisma.sql`${run} = ${runId}`);
  if (kind !== undefined) conditions.push(Prisma.sql`"kind" = ${kind}`);
  if (since !== undefined) conditions.push(Prisma.sql`"at" >= ${new Date(since)}`);
  if (until !== undefined) conditions.push(Prisma.sql`"at" < ${new Date(until)}`);
  if (person !== undefined) {
    // Canonical text has one spelling, and within a string its quotes would be escaped: this finds members only.
    const name = JSON.stringify(person);
    conditions.push(
      Prisma.sql`(strpos("body", ${`"by":${name}`}) > 0 OR strpos("body", ${`"person":${name}`}) > 0)`,
    );
  }
  return Prisma.join(conditions, ' AND ');
}

function bodyOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function cursorTextOf({ at, runId, sequence }: FoundRecord): string {
  return `${at}.${sequence}.${runId ?? ''}`;
}

function cursorOf(cursor: string | null | undefined): { at: Date; runId: string; sequence: number } | null {
  const [, at, sequence, runId = ''] = /^(\d{1,15})\.(-?\d{1,9})\.(.*)$/.exec(cursor ?? '') ?? [];
  return at && sequence ? { at: new Date(Number(at)), sequence: Number(sequence), runId } : null;
}
