import type { ApprovalOutcome, PendingApproval, PendingQuestion } from '../domain/approval';
import type { RunEvent } from '../domain/events';
import type { GatedCall } from '../domain/steps';
import type { Vote } from '../domain/vote';
import type { Action } from '../policy/action';
import type { AuditLink } from './audit-chain';
import { Prisma } from './generated/client';

/** What all rows of a run share. */
export interface RunAddress {
  runId: string;
  organizationId: string;
}

/** A judged call on its way to the database; the texts are JSON. */
export interface DecisionRow {
  step: number;
  turn: number;
  proposed: string;
  context: string;
  snapshot: string;
  currentSnapshot: string;
  gated: GatedCall;
  isGranted: boolean;
  at: number;
}

/** What people said about an approval so far, and what it came to. */
export interface CountedVotes {
  approvalId: string;
  votes: readonly Vote[];
  settled: ApprovalOutcome | null;
}

/** The same action, approved for the rest of a run. */
export interface StandingRow {
  id: string;
  approvalId: string;
  tool: string;
  by: string[];
  action: object;
}

// Each of these is one INSERT … SELECT, to be joined into one statement: it inserts only when the part named `head`
// found the run. Rows travel as one array per column, so that the text of the statement is the same for any number.

export function insertDecisions(
  { runId, organizationId }: RunAddress,
  rows: readonly DecisionRow[],
): Prisma.Sql {
  return Prisma.sql`INSERT INTO "DecisionRecord" ("runId", "organizationId", "step", "turn", "position", "callId",
      "proposed", "context", "snapshotId", "currentSnapshot", "verdict", "decision", "gated", "isGranted", "at")
    SELECT ${runId}, ${organizationId}, d.step, d.turn, d.ordinality - 1, d.call, d.proposed::json, d.context::json,
      d.snapshot, d.current, d.verdict::"Verdict", d.decision::json, d.gated::json, d.granted, d.at
    FROM head, unnest(
      ${rows.map((row) => row.step)}::int[], ${rows.map((row) => row.turn)}::int[],
      ${rows.map((row) => row.gated.callId)}::text[], ${rows.map((row) => row.proposed)}::text[],
      ${rows.map((row) => row.context)}::text[], ${rows.map((row) => row.snapshot)}::text[],
      ${rows.map((row) => row.currentSnapshot)}::text[], ${rows.map((row) => row.gated.decision.verdict)}::text[],
      ${rows.map((row) => JSON.stringify(row.gated.decision))}::text[],
      ${rows.map((row) => JSON.stringify(row.gated))}::text[], ${rows.map((row) => row.isGranted)}::boolean[],
      ${rows.map((row) => time(row.at))}::timestamptz[]
    ) WITH ORDINALITY AS d(step, turn, call, proposed, context, snapshot, current, verdict, decision, gated, granted, at)`;
}

export function insertEvents({ runId, organizationId }: RunAddress, events: readonly RunEvent[]): Prisma.Sql {
  return Prisma.sql`INSERT INTO "RunEvent" ("runId", "organizationId", "sequence", "type", "data", "at")
    SELECT ${runId}, ${organizationId}, e.sequence, e.type, e.data::json, e.at
    FROM head, unnest(
      ${events.map((event) => event.sequence)}::int[], ${events.map((event) => event.type)}::text[],
      ${events.map((event) => JSON.stringify(event.data))}::text[],
      ${events.map((event) => time(event.at))}::timestamptz[]
    ) AS e(sequence, type, data, at)
    ON CONFLICT ("runId", "sequence") DO NOTHING`;
}

export function insertAudit({ runId, organizationId }: RunAddress, links: readonly AuditLink[]): Prisma.Sql {
  return Prisma.sql`INSERT INTO "AuditRecord"
      ("runId", "organizationId", "sequence", "key", "kind", "body", "at", "previousHash", "hash")
    SELECT ${runId}, ${organizationId}, a.*
    FROM head, unnest(
      ${links.map((link) => link.sequence)}::int[], ${links.map((link) => link.key)}::text[],
      ${links.map((link) => link.kind)}::text[], ${links.map((link) => link.bodyText)}::text[],
      ${links.map((link) => time(link.at))}::timestamptz[], ${links.map((link) => link.previousHash)}::text[],
      ${links.map((link) => link.hash)}::text[]
    ) AS a`;
}

export function insertApproval(
  { runId, organizationId }: RunAddress,
  approval: PendingApproval & { action: Action },
  at: number,
): Prisma.Sql {
  return Prisma.sql`INSERT INTO "Approval" ("id", "runId", "organizationId", "callId", "tool", "args", "effect", "marks",
      "findings", "actionHash", "action", "expiresAt", "createdAt")
    SELECT ${approval.id}, ${runId}, ${organizationId}, ${approval.callId}, ${approval.tool}, ${approval.args},
      ${approval.effect}, ${approval.marks}::text[], ${JSON.stringify(approval.findings)}::json,
      ${approval.actionHash}, ${JSON.stringify(approval.action)}::json, ${time(approval.expiresAt)}::timestamptz,
      ${time(at)}::timestamptz
    FROM head ON CONFLICT ("id") DO NOTHING`;
}

/** Ends an approval that waits; one that is settled stays as it is. */
export function voidApproval(
  { runId, organizationId }: RunAddress,
  { id, reason }: { id: string; reason: string },
  at: number,
): Prisma.Sql {
  const outcome = JSON.stringify({ kind: 'void', reason });
  return Prisma.sql`UPDATE "Approval" SET "status" = 'void', "outcome" = ${outcome}::json,
      "settledAt" = ${time(at)}::timestamptz
    FROM head WHERE "Approval"."id" = ${id} AND "Approval"."runId" = ${runId}
      AND "Approval"."organizationId" = ${organizationId} AND "Approval"."status" = 'pending'
    RETURNING "Approval"."id"`;
}

export function countVotes(
  { runId, organizationId }: RunAddress,
  { approvalId, votes, settled }: CountedVotes,
  at: number,
): Prisma.Sql {
  return Prisma.sql`UPDATE "Approval" SET "votes" = ${JSON.stringify(votes)}::json,
      "status" = COALESCE(${settled?.kind ?? null}::"ApprovalStatus", "Approval"."status"),
      "outcome" = ${settled ? JSON.stringify(settled) : null}::json,
      "settledAt" = ${settled ? time(at) : null}::timestamptz
    FROM head WHERE "Approval"."id" = ${approvalId} AND "Approval"."runId" = ${runId}
      AND "Approval"."organizationId" = ${organizationId} AND "Approval"."status" = 'pending'
    RETURNING "Approval"."id"`;
}

export function insertStanding(
  { runId, organizationId }: RunAddress,
  { id, approvalId, tool, by, action }: StandingRow,
  at: number,
): Prisma.Sql {
  return Prisma.sql`INSERT INTO "StandingApproval" ("id", "organizationId", "runId", "approvalId", "tool", "by",
      "createdAt", "action")
    SELECT ${id}, ${organizationId}, ${runId}, ${approvalId}, ${tool}, ${by}::text[], ${time(at)}::timestamptz,
      ${JSON.stringify(action)}::json
    FROM head`;
}

export function insertQuestion(
  { runId, organizationId }: RunAddress,
  question: PendingQuestion,
  at: number,
): Prisma.Sql {
  return Prisma.sql`INSERT INTO "Question" ("id", "runId", "organizationId", "callId", "question", "options",
      "expiresAt", "createdAt")
    SELECT ${question.id}, ${runId}, ${organizationId}, ${question.callId}, ${JSON.stringify(question.question)}::json,
      ${JSON.stringify(question.options)}::json, ${time(question.expiresAt)}::timestamptz, ${time(at)}::timestamptz
    FROM head ON CONFLICT ("id") DO NOTHING`;
}

/** Milliseconds since the epoch as PostgreSQL reads them. */
function time(at: number): string {
  return new Date(at).toISOString();
}
