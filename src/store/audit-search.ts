import { z } from 'zod';
import { GatehouseError } from '../domain/errors';
import type { Database } from './database';
import { Prisma } from './generated/client';

export type AuditSearch = ReturnType<typeof createAuditSearch>;

/** A record of a run's chain, or of the organization's own. */
export interface FoundRecord {
  /** Null for the organization's own. */
  runId: string | null;
  sequence: number;
  kind: string;
  body: unknown;
  /** Milliseconds since the epoch. */
  at: number;
  hash: string;
}

export interface AuditQuery {
  /** Only of this run. */
  runId?: string;
  kind?: string;
  /** Who said, did or was given something. */
  person?: string;
  /** What the record holds, case aside. */
  text?: string;
  /** Records from then on, and before then, in milliseconds since the epoch. */
  since?: number;
  until?: number;
  /** At most 200. @default 50 */
  limit?: number;
  /** `next` of the page before. */
  cursor?: string | null;
}

export interface AuditPage {
  /** Newest first. */
  records: FoundRecord[];
  /** Cursor of the next page, or null at the end. */
  next: string | null;
}

const MAX_RECORDS = 200;
const DEFAULT_RECORDS = 50;

/** Where a page ended: time, chain and number, which together are one record's own. */
const place = z.tuple([
  z.int().min(0).max(253_402_300_799_999),
  z.string().max(500),
  z.int().min(0).max(2_147_483_647),
]);
type Place = z.infer<typeof place>;

interface Row {
  run: string;
  sequence: number;
  kind: string;
  body: string;
  at: Date;
  hash: string;
}

/** Looks through the audit of an organization, its runs' chains and its own as one. */
export const createAuditSearch = (database: Database) =>
  database.guarded({
    /** @throws GatehouseError `cursor-malformed` */
    async find(organizationId: string, query: AuditQuery): Promise<AuditPage> {
      const limit = Math.min(Math.max(query.limit ?? DEFAULT_RECORDS, 1), MAX_RECORDS);
      const after = query.cursor ? placeOf(query.cursor) : null;
      const own = Prisma.sql`SELECT '' AS run, "sequence", "kind", "body", "at", "hash"
        FROM "OrganizationAuditRecord" WHERE ${conditions(organizationId, query, after, Prisma.sql`''`)}
        ORDER BY "at" DESC, "sequence" DESC LIMIT ${limit + 1}`;
      const runs = Prisma.sql`SELECT "runId" AS run, "sequence", "kind", "body", "at", "hash"
        FROM "AuditRecord" WHERE ${conditions(organizationId, query, after, Prisma.sql`"runId" COLLATE "C"`)}
          ${query.runId === undefined ? Prisma.empty : Prisma.sql`AND "runId" = ${query.runId}`}
        ORDER BY "at" DESC, "runId" COLLATE "C" DESC, "sequence" DESC LIMIT ${limit + 1}`;
      const parts = query.runId === undefined ? Prisma.sql`(${own}) UNION ALL (${runs})` : runs;
      const rows = await database.client.$queryRaw<Row[]>`SELECT * FROM (${parts}) AS found
        ORDER BY "at" DESC, run COLLATE "C" DESC, "sequence" DESC LIMIT ${limit + 1}`;
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      return {
        records: page.map(({ run, sequence, kind, body, at, hash }) => ({
          runId: run === '' ? null : run,
          sequence,
          kind,
          body: bodyOf(body),
          at: at.getTime(),
          hash,
        })),
        next: rows.length > limit && last ? cursorOf([last.at.getTime(), last.run, last.sequence]) : null,
      };
    },
  });

function conditions(
  organizationId: string,
  { kind, person, text, since, until }: AuditQuery,
  after: Place | null,
  chain: Prisma.Sql,
): Prisma.Sql {
  return Prisma.join(
    [
      Prisma.sql`"organizationId" = ${organizationId}`,
      ...(kind === undefined ? [] : [Prisma.sql`"kind" = ${kind}`]),
      ...(person === undefined ? [] : [concerns(person)]),
      ...(text === undefined ? [] : [Prisma.sql`strpos(lower("body"), lower(${text})) > 0`]),
      ...(since === undefined ? [] : [Prisma.sql`"at" >= ${time(since)}::timestamptz`]),
      ...(until === undefined ? [] : [Prisma.sql`"at" < ${time(until)}::timestamptz`]),
      ...(after === null
        ? []
        : [
            Prisma.sql`("at", ${chain}, "sequence") < (${time(after[0])}::timestamptz, ${after[1]}::text COLLATE "C", ${after[2]}::int)`,
          ]),
    ],
    ' AND ',
  );
}

/** Canonical text has one spelling, and within a string its quotes would be escaped: this finds members only. */
function concerns(person: string): Prisma.Sql {
  const name = JSON.stringify(person);
  return Prisma.sql`(strpos("body", ${`"by":${name}`}) > 0 OR strpos("body", ${`"person":${name}`}) > 0)`;
}

function cursorOf(last: Place): string {
  return Buffer.from(JSON.stringify(last)).toString('base64url');
}

function placeOf(cursor: string): Place {
  try {
    return place.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')));
  } catch (cause) {
    throw new GatehouseError('cursor-malformed', 'this cursor is none that a page here ended with', {
      cause,
    });
  }
}

/** As text, where somebody broke it: looking is not verifying. */
function bodyOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function time(at: number): string {
  return new Date(at).toISOString();
}
