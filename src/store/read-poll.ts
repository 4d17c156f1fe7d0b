import type { ApprovalOutcome } from '../domain/approval';
import type { AuditHead } from '../domain/audit-head';
import type { Poll } from '../domain/count-votes';
import type { Finding } from '../domain/decision';
import { GatehouseError } from '../domain/errors';
import { peopleSettings } from '../domain/people-settings';
import { type Vote, votesOf } from '../domain/vote';
import type { Prisma } from './generated/client';

/** Everything a vote is counted by, as one moment has it. */
export interface FoundPoll {
  /** Where the run's audit chain stands. */
  head: AuditHead;
  /** The break-glass by which the approval of `by` would count alone, or null. */
  breakGlass: string | null;
  /** Null when the run has no such approval. */
  approval: {
    callId: string;
    tool: string;
    actionHash: string;
    /** `Action` of src/policy/action.ts. */
    action: unknown;
    poll: Poll;
    /** Of people who still count: neither they nor the key they signed with were taken away meanwhile. */
    votes: Vote[];
    allVotes: Vote[];
    outcome: ApprovalOutcome | null;
    /** Milliseconds since the epoch. */
    settledAt: number | null;
    expiresAt: number;
  } | null;
}

/**
 * Reads what a vote is counted by, in one round trip.
 *
 * INVARIANT: of break-glasses, only what is confirmed, not ended and, by the database's clock, not over counts.
 *
 * @throws GatehouseError `run-unknown`
 */
export async function readPoll(
  client: Prisma.TransactionClient,
  vote: { runId: string; organizationId: string; approvalId: string; by: string | null },
): Promise<FoundPoll> {
  const [row] = await client.$queryRaw<PollRow[]>`
    SELECT r."auditLength", r."auditHash", r."requestedBy", o."people", a."id", a."callId", a."tool", a."args",
      a."actionHash", a."action", a."findings", a."votes", a."outcome", a."settledAt", a."escalatedTo", a."expiresAt",
      ARRAY(SELECT p."name" FROM "Person" p, json_array_elements(a."votes") v
        WHERE p."organizationId" = r."organizationId" AND p."name" = v ->> 'by'
          AND p."disabledAt" IS NOT NULL) AS "disabled",
      ARRAY(SELECT k."thumbprint" FROM "PersonKey" k, json_array_elements(a."votes") v
        WHERE k."organizationId" = r."organizationId" AND k."thumbprint" = v -> 'proof' ->> 'key'
          AND k."revokedAt" IS NULL) AS "keys",
      (SELECT b."id" FROM "BreakGlass" b
        WHERE b."organizationId" = r."organizationId" AND b."person" = ${vote.by}
          AND b."confirmedAt" IS NOT NULL AND b."endedAt" IS NULL AND b."expiresAt" > clock_timestamp()
          AND (b."scope" = 'organization' OR (b."scope" = 'agent' AND b."target" = r."agent")
            OR (b."scope" = 'run' AND b."target" = r."id"))
        ORDER BY b."expiresAt" DESC LIMIT 1) AS "breakGlass"
    FROM "Run" r JOIN "Organization" o ON o."id" = r."organizationId"
      LEFT JOIN "Approval" a ON a."runId" = r."id" AND a."id" = ${vote.approvalId}
    WHERE r."id" = ${vote.runId} AND r."organizationId" = ${vote.organizationId}`;
  if (!row) throw new GatehouseError('run-unknown', `there is no run \`${vote.runId}\``);
  return {
    head: { length: row.auditLength, hash: row.auditHash },
    breakGlass: row.breakGlass,
    approval: row.id === null ? null : approvalOf(row as PollRow<string>),
  };
}

interface PollRow<Text = string | null> {
  auditLength: number;
  auditHash: string;
  requestedBy: string;
  people: unknown;
  id: Text;
  callId: Text;
  tool: Text;
  args: Text;
  actionHash: Text;
  action: unknown;
  findings: unknown;
  votes: unknown;
  outcome: unknown;
  settledAt: Date | null;
  expiresAt: Date | null;
  escalatedTo: string | null;
  disabled: string[];
  keys: string[];
  breakGlass: string | null;
}

/** What an approval's votes are counted by. Who works alone is read as it is now, not as when the run began. */
export function pollOf(
  row: Pick<PollRow<string>, 'args' | 'escalatedTo' | 'requestedBy' | 'findings' | 'people'>,
): Poll {
  const { args, escalatedTo, requestedBy, findings, people } = row;
  return {
    ...{ args, escalatedTo, requestedBy },
    findings: findings as Finding[],
    isSingleOperator: peopleSettings(people).isSingleOperator,
  };
}

function approvalOf(row: PollRow<string>): NonNullable<FoundPoll['approval']> {
  const { callId, tool, actionHash, action, disabled, keys } = row;
  const allVotes = votesOf(row.votes);
  const isCounting = ({ by, proof }: Vote) =>
    !disabled.includes(by) && (proof.kind !== 'own-key' || keys.includes(proof.key));
  return {
    ...{ callId, tool, actionHash, action, allVotes },
    poll: pollOf(row),
    votes: allVotes.filter(isCounting),
    outcome: row.outcome as ApprovalOutcome | null,
    settledAt: row.settledAt?.getTime() ?? null,
    expiresAt: row.expiresAt?.getTime() ?? 0,
  };
}
