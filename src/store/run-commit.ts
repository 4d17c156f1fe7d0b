import type { PendingApproval, PendingQuestion } from '../domain/approval';
import type { AuditHead } from '../domain/audit-head';
import type { BudgetUsage } from '../domain/budget';
import { GatehouseError } from '../domain/errors';
import type { RunEvent, RunEventData } from '../domain/events';
import type { RunOutcome, RunStatus } from '../domain/run';
import type { Action } from '../policy/action';
import { type AuditEntry, chain, headAfter } from './audit-chain';
import { Prisma, type PrismaClient } from './generated/client';
import {
  type CountedVotes,
  countVotes,
  type DecisionRow,
  insertApproval,
  insertAudit,
  insertDecisions,
  insertEvents,
  insertQuestion,
  insertStanding,
  type RunAddress,
  type StandingRow,
  voidApproval,
} from './run-rows';

/** What is written about a run together, or not at all. */
export interface RunCommit extends RunAddress {
  /** Of decisions, none may be there yet. */
  decisions?: DecisionRow[];
  approvals?: (PendingApproval & { action: Action })[];
  /** Pending approvals that end here, with the reason. */
  voided?: { id: string; reason: string }[];
  /** The votes of one approval as they are now. */
  counted?: CountedVotes;
  /** What was approved for the rest of the run. */
  standing?: StandingRow;
  questions?: PendingQuestion[];
  events?: RunEvent[];
  audit?: AuditEntry[];
  status?: RunStatus;
  usage?: BudgetUsage;
  outcome?: RunOutcome;
  at: number;
}

/** How often a commit may meet another one of the same run. */
const MAX_ATTEMPTS = 8;

/**
 * Writes in one statement, which is one transaction and one round trip. Events, audit entries, approvals and questions
 * that are there already stay as they are.
 *
 * @param known head of the audit chain, if it was just read; a wrong one only costs another round trip
 * @returns false, with nothing written, when decisions of the same gate are there already
 * @throws GatehouseError `run-unknown`
 */
export async function commitRun(
  client: PrismaClient,
  commit: RunCommit,
  known?: AuditHead,
): Promise<boolean> {
  let head = known;
  let audit = commit.audit ?? [];
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    if (head && (await commitAt(client, { ...commit, audit }, head))) return true;
    const standing = await standingOf(client, commit);
    if (standing.isDecided) return false;
    head = standing.head;
    audit = (commit.audit ?? []).filter((entry) => !standing.keys.includes(entry.key));
  }
  throw busy(commit.runId);
}

/** As {@link commitRun}, once: false, with nothing written, when the audit chain went on from there. */
export async function commitAt(
  client: Prisma.TransactionClient,
  commit: RunCommit,
  head: AuditHead,
): Promise<boolean> {
  try {
    const [row] = await client.$queryRaw<{ found: bigint }[]>(statementOf(commit, head));
    return row !== undefined && row.found > 0n;
  } catch (error) {
    if (isDuplicate(error)) return false;
    throw error;
  }
}

export function busy(runId: string): GatehouseError {
  return new GatehouseError('run-busy', `run \`${runId}\` is written to by too many at once; try again`);
}

/** Events in the order given, numbered from `firstSequence`. */
export function numbered(
  runId: string,
  firstSequence: number,
  at: number,
  events: readonly RunEventData[],
): RunEvent[] {
  return events.map((event, index) => ({ ...event, runId, sequence: firstSequence + index, at }));
}

function statementOf(commit: RunCommit, head: AuditHead): Prisma.Sql {
  const links = chain(commit.runId, head, commit.audit ?? []);
  const parts = [Prisma.sql`head AS (${updateOf(commit, head, headAfter(head, links))})`];
  const add = (part: Prisma.Sql) => parts.push(Prisma.sql`${Prisma.raw(`part${parts.length}`)} AS (${part})`);
  if (commit.decisions?.length) add(insertDecisions(commit, commit.decisions));
  if (commit.events?.length) add(insertEvents(commit, commit.events));
  if (links.length) add(insertAudit(commit, links));
  for (const approval of commit.approvals ?? []) add(insertApproval(commit, approval, commit.at));
  for (const voided of commit.voided ?? []) add(voidApproval(commit, voided, commit.at));
  if (commit.counted) add(countVotes(commit, commit.counted, commit.at));
  if (commit.standing) add(insertStanding(commit, commit.standing, commit.at));
  for (const question of commit.questions ?? []) add(insertQuestion(commit, question, commit.at));
  return Prisma.sql`WITH ${Prisma.join(parts)} SELECT count(*) AS found FROM head`;
}

/**
 * Takes the run's row and with it everybody's turn to write; finds nothing when the chain went on meanwhile.
 *
 * INVARIANT: an ended run stays ended.
 */
function updateOf(commit: RunCommit, head: AuditHead, after: AuditHead): Prisma.Sql {
  const { runId, organizationId, status, usage, outcome, at } = commit;
  const now = new Date(at).toISOString();
  return Prisma.sql`UPDATE "Run" SET
      "auditLength" = ${after.length}, "auditHash" = ${after.hash}, "updatedAt" = ${now}::timestamptz,
      "status" = CASE WHEN "endedAt" IS NULL THEN COALESCE(${status ?? null}::"RunStatus", "status") ELSE "status" END,
      "usage" = CASE WHEN "endedAt" IS NULL
        THEN COALESCE(${usage ? JSON.stringify(usage) : null}::json, "usage") ELSE "usage" END,
      "outcome" = COALESCE("outcome", ${outcome ? JSON.stringify(outcome) : null}::json),
      "endedAt" = COALESCE("endedAt", ${outcome ? now : null}::timestamptz)
    WHERE "id" = ${runId} AND "organizationId" = ${organizationId} AND "auditLength" = ${head.length}
    RETURNING "id"`;
}

async function standingOf(client: PrismaClient, commit: RunCommit) {
  const first = commit.decisions?.[0];
  const [row] = await client.$queryRaw<
    { length: number; hash: string; keys: string[]; isDecided: boolean }[]
  >`
    SELECT "auditLength" AS length, "auditHash" AS hash,
      ARRAY(SELECT "key" FROM "AuditRecord" a WHERE a."runId" = r."id"
        AND a."key" = ANY(${(commit.audit ?? []).map((entry) => entry.key)}::text[])) AS keys,
      EXISTS (SELECT FROM "DecisionRecord" d WHERE d."runId" = r."id"
        AND d."step" = ${first?.step ?? null}::int AND d."callId" = ${first?.gated.callId ?? null}) AS "isDecided"
    FROM "Run" r WHERE "id" = ${commit.runId} AND "organizationId" = ${commit.organizationId}`;
  if (!row) throw new GatehouseError('run-unknown', `there is no run \`${commit.runId}\``);
  return { head: { length: row.length, hash: row.hash }, keys: row.keys, isDecided: row.isDecided };
}

/** Whether something is there already that may be there once. */
export function isDuplicate(error: unknown): boolean {
  return JSON.stringify(error).includes('23505') || String(error).includes('23505');
}
