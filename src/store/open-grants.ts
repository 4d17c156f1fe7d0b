import type { Database } from './database';
import { Prisma } from './generated/client';

export type OpenGrants = ReturnType<typeof createOpenGrants>;

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

export const createOpenGrants = (database: Database) =>
  database.guarded({
    /** Granted calls without an outcome, oldest first; of one run where one is named. */
    async list(organizationId: string, runId?: string): Promise<OpenGrant[]> {
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
