import { findingId } from '../domain/decision';
import { GatehouseError } from '../domain/errors';
import { type Halt, strictestHalt } from '../domain/halt';
import { sha256 } from '../domain/hashing';
import type { Tightening } from '../domain/permissions';
import type { GatedCall } from '../domain/steps';
import type { Action } from '../policy/action';
import type { GateCommit, GateLoad, GateStore } from '../policy/gate-records';
import type { RecordedStanding } from '../policy/gate-turn';
import type { AuditEntry, AuditHead } from './audit-chain';
import type { Database } from './database';
import type { ApprovalStatus } from './generated/client';
import { outcomeRecords } from './outcome-records';
import { commitRun, numbered } from './run-commit';

/** Runs whose audit head is remembered from load to commit. */
const MAX_HEADS = 1_000;

/** The gate's side of the database: one round trip to load, one to commit. */
export function createGateStore(database: Database): GateStore {
  const heads = new Map<string, AuditHead>();
  return database.guarded({
    async load({ runId, organizationId, step }: Parameters<GateStore['load']>[0]): Promise<GateLoad> {
      const [row] = await database.client.$queryRaw<LoadedRow[]>`
        SELECT r."agent", r."input" ->> 'prompt' AS prompt, r."input" -> 'narrow' AS narrow, r."halt"::text AS "runHalt",
          o."halt"::text AS "organizationHalt", COALESCE(g."halt"::text, 'none') AS "agentHalt", o."policyRevision", r."auditLength", r."auditHash",
          (SELECT json_agg(d."gated" ORDER BY d."position") FROM "DecisionRecord" d
            WHERE d."runId" = r."id" AND d."step" = ${step}) AS recorded,
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
      if (heads.size >= MAX_HEADS) heads.clear();
      heads.set(runId, { length: row.auditLength, hash: row.auditHash });
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
      };
    },

    async commit(record: GateCommit): Promise<void> {
      const { runId, organizationId, step, turn, facts, observations, at } = record;
      const granted = new Set(record.grantedCallIds);
      const context = JSON.stringify({ turn, facts, ...(observations.length > 0 ? { observations } : {}) });
      const head = heads.get(runId);
      heads.delete(runId);
      await commitRun(
        database.client,
        {
          runId,
          organizationId,
          decisions: record.calls.map(({ proposed, gated }) => ({
            step,
            turn,
            proposed: JSON.stringify(proposed),
            context,
            snapshot: record.snapshot,
            currentSnapshot: record.currentSnapshot,
            gated,
            isGranted: granted.has(gated.callId),
            at,
          })),
          approvals: record.approvals,
          voided: record.voided,
          questions: record.questions,
          events: numbered(runId, record.firstSequence, at, record.events),
          audit: [
            ...outcomeRecords(record.events, at),
            ...record.calls.map((call) => auditOf(record, call, granted)),
          ],
          status: record.status,
          usage: record.usage,
          at,
        },
        head,
      );
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

/** What is remembered for good of one decision: the arguments by their hash, the rest in the decision record. */
function auditOf(
  { step, turn, snapshot, currentSnapshot, at }: GateCommit,
  { proposed, gated }: GateCommit['calls'][number],
  granted: ReadonlySet<string>,
): AuditEntry {
  const { callId, call, decision, standing } = gated;
  return {
    key: `decision:${step}:${callId}`,
    kind: 'decision',
    body: {
      step,
      turn,
      callId,
      tool: call?.tool ?? proposed.tool,
      argsHash: sha256(call?.args ?? proposed.args),
      verdict: decision.verdict,
      effect: decision.effect,
      marks: decision.marks,
      findings: decision.findings.map((finding) => `${finding.verdict} ${findingId(finding)}`),
      errors: decision.errors.map((error) => error.code),
      snapshot,
      currentSnapshot,
      isGranted: granted.has(callId),
      ...(standing === undefined ? {} : { standing }),
    },
    at,
  };
}
