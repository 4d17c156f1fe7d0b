import { GatehouseError } from '../domain/errors';
import { type Halt, strictestHalt } from '../domain/halt';
import type { Tightening } from '../domain/permissions';
import type { GatedCall } from '../domain/steps';
import type { Action } from '../policy/action';
import type { GateCommit, GateLoad, GateStore } from '../policy/gate-records';
import type { RecordedStanding } from '../policy/gate-turn';
import type { Database } from './database';
import { runCommitOf } from './gate-commit';
import type { ApprovalStatus } from './generated/client';
import { commitRun } from './run-commit';

/** The gate's side of the database: one round trip to load, one to commit. */
export function createGateStore(database: Database): GateStore {
  return database.guarded({
    async load({
      runId,
      organizationId,
      step,
      callIds,
    }: Parameters<GateStore['load']>[0]): Promise<GateLoad> {
      const [row] = await database.client.$queryRaw<LoadedRow[]>`
        SELECT r."agent", r."input" ->> 'prompt' AS prompt, r."input" -> 'narrow' AS narrow, r."halt"::text AS "runHalt",
          o."halt"::text AS "organizationHalt", COALESCE(g."halt"::text, 'none') AS "agentHalt", o."policyRevision", r."auditLength", r."auditHash",
          (SELECT json_agg(d."gated" ORDER BY d."position") FROM "DecisionRecord" d
            WHERE d."runId" = r."id" AND d."step" = ${step} AND d."callId" = ANY(${[...callIds]}::text[])) AS recorded,
          (SELECT json_agg(json_build_object('id', a."id", 'callId', a."callId", 'status', a."status",
              'action', a."action", 'expiresAt', extract(epoch FROM a."expiresAt") * 1000))
            FROM "Approval" a WHERE a."runId" = r."id") AS approvals,
          (SELECT json_agg(json_build_object('id', s."id", 'action', s."action") ORDER BY s."createdAt", s."id")
            FROM "StandingApproval" s WHERE s."runId" = r."id" AND s."revokedAt" IS NULL
              AND NOT EXISTS (SELECT FROM "Person" p WHERE p."organizationId" = r."organizationId"
                AND p."name" = ANY(s."by") AND p."disabledAt" IS NOT NULL)) AS standing
        FROM "Run" r JOIN "Organization" o ON o."id" = r."organizationId"
          LEFT JOIN "Agent" g ON g."organizationId" = r."organizationId" AND g."name" = r."agent"
        WHERE r."id" = ${runId} AND r."organizationId" = ${organizationId}`;
      if (!row) throw new GatehouseError('run-unknown', `there is no run \`${runId}\``);
      return {
        agent: row.agent,
        prompt: row.prompt,
        narrow: row.narrow,
        halt: strictestHalt(row.runHalt, row.agentHalt, row.organizationHalt),
        policyMarker: String(row.policyRevision),
        recorded: row.recorded,
        approvals: (row.approvals ?? []).map(({ status, expiresAt, ...approval }) => ({
          ...approval,
          isGiven: status === 'approved',
          isPending: status === 'pending',
          isVoid: status === 'void',
          expiresAt: Math.round(expiresAt),
        })),
        standing: row.standing ?? [],
        auditHead: { length: row.auditLength, hash: row.auditHash },
      };
    },

    async commit(record: GateCommit): Promise<void> {
      await commitRun(database.client, runCommitOf(record), record.auditHead);
    },
  });
}

interface LoadedRow {
  agent: string;
  prompt: string;
  narrow: Tightening | null;
  runHalt: Halt;
  agentHalt: Halt;
  organizationHalt: Halt;
  policyRevision: number;
  auditLength: number;
  auditHash: string;
  recorded: GatedCall[] | null;
  approvals:
    | { id: string; callId: string; status: ApprovalStatus; action: Action; expiresAt: number }[]
    | null;
  standing: RecordedStanding[] | null;
}
