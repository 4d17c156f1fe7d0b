import type { ApprovalOutcome, ApprovalProgress, PendingApproval } from '../domain/approval';
import { progressOf } from '../domain/count-votes';
import type { Finding } from '../domain/decision';
import type { Effect, Mark } from '../domain/effect';
import { type Vote, votesOf } from '../domain/vote';
import type { Database } from './database';
import type { ApprovalStatus, Prisma } from './generated/client';
import { pollOf } from './read-poll';

export type ApprovalStore = ReturnType<typeof createApprovalStore>;

export interface StoredApproval extends PendingApproval {
  runId: string;
  status: ApprovalStatus;
  /** Who asked for the run: four eyes excludes them. */
  requestedBy: string;
  progress: ApprovalProgress;
  votes: Vote[];
  /** Null while it waits. */
  outcome: ApprovalOutcome | null;
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** Null while it waits. */
  settledAt: number | null;
}

/** An approval's row with what its votes are counted by. */
const WITH_POLL = {
  run: { select: { agent: true, requestedBy: true, organization: { select: { people: true } } } },
} satisfies Prisma.ApprovalInclude;

type Polled = Prisma.ApprovalGetPayload<{ include: typeof WITH_POLL }>;

export const createApprovalStore = (database: Database) =>
  database.guarded({
    /** Those that wait for people, oldest first; of one run where one is named. */
    async listPending(organizationId: string, runId?: string): Promise<StoredApproval[]> {
      const rows = await database.client.approval.findMany({
        where: { organizationId, runId, status: 'pending', run: { endedAt: null } },
        orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
        include: WITH_POLL,
      });
      return rows.map(approvalOf);
    },

    async get(organizationId: string, id: string): Promise<StoredApproval | null> {
      const row = await database.client.approval.findFirst({
        where: { id, organizationId },
        include: WITH_POLL,
      });
      return row ? approvalOf(row) : null;
    },
  });

function approvalOf(row: Polled): StoredApproval {
  const votes = votesOf(row.votes);
  return {
    id: row.id,
    runId: row.runId,
    callId: row.callId,
    tool: row.tool,
    args: row.args,
    effect: row.effect as Effect,
    marks: row.marks as Mark[],
    findings: row.findings as unknown as Finding[],
    actionHash: row.actionHash,
    expiresAt: row.expiresAt.getTime(),
    status: row.status,
    requestedBy: row.run.requestedBy,
    progress: progressOf(
      votes,
      pollOf({ ...row, requestedBy: row.run.requestedBy, people: row.run.organization.people }),
    ),
    votes,
    outcome: row.outcome as unknown as ApprovalOutcome | null,
    createdAt: row.createdAt.getTime(),
    settledAt: row.settledAt?.getTime() ?? null,
  };
}
