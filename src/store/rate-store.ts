import type { RateDemand } from '../domain/rate';
import type { RateTaker, RateTaking } from '../policy/take-rates';
import type { Database } from './database';

/** Sliding windows in the database: counted and taken in one transaction, so that no two calls take the last place. */
export function createRateStore(database: Database): RateTaker {
  const take: RateTaker['take'] = ({ organizationId, agent, tool, runId, callId, demands }) =>
    database.client.$transaction(async (transaction): Promise<RateTaking> => {
      const windows = demands
        .map((demand) => ({ demand, key: keyOf(organizationId, agent, tool, demand) }))
        .sort((one, other) => (one.key < other.key ? -1 : 1));
      // In one order for all, so that two takers never wait for each other.
      for (const { key } of windows)
        await transaction.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${key}, 0))`;
      for (const { demand, key } of windows) {
        const seconds = demand.windowMs / 1000;
        const [window] = await transaction.$queryRaw<{ isTaken: boolean; until: Date | null }[]>`
          SELECT
            EXISTS (SELECT FROM "RateUse" WHERE "windowKey" = ${key} AND "runId" = ${runId} AND "callId" = ${callId})
              AS "isTaken",
            CASE WHEN ${demand.limit}::int = 0 THEN clock_timestamp() + make_interval(secs => ${seconds}::float8)
              ELSE (SELECT "takenAt" + make_interval(secs => ${seconds}::float8) FROM "RateUse"
                WHERE "windowKey" = ${key} AND "takenAt" > clock_timestamp() - make_interval(secs => ${seconds}::float8)
                ORDER BY "takenAt" DESC OFFSET ${Math.max(0, demand.limit - 1)}::int LIMIT 1)
            END AS until`;
        // One that counts already keeps its place.
        if (window?.until && !window.isTaken) return { kind: 'full', demand, until: window.until.getTime() };
      }
      for (const { demand, key } of windows) {
        await transaction.$executeRaw`DELETE FROM "RateUse" WHERE "windowKey" = ${key}
          AND "takenAt" <= clock_timestamp() - make_interval(secs => ${demand.windowMs / 1000}::float8)`;
        await transaction.$executeRaw`INSERT INTO "RateUse" ("windowKey", "runId", "callId", "takenAt")
          VALUES (${key}, ${runId}, ${callId}, clock_timestamp()) ON CONFLICT DO NOTHING`;
      }
      return { kind: 'taken' };
    });
  return database.guarded({ take });
}

function keyOf(organizationId: string, agent: string, tool: string, { rule, per }: RateDemand): string {
  const shared = per === 'agent' ? agent : per === 'tool' ? tool : '';
  return JSON.stringify([organizationId, rule, per, shared]);
}
