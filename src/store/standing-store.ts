import type { StandingAction } from '../policy/action';
import type { Database } from './database';
import type { StandingApproval } from './generated/client';
import type { RunAddress } from './run-rows';

export type StandingStore = ReturnType<typeof createStandingStore>;

/** An approval given for the rest of a run. */
export interface StoredStanding {
  id: string;
  runId: string;
  /** The approval that people gave so; a revocation names it. */
  approvalId: string;
  tool: string;
  /** What it allows again, whatever the content acted on. */
  action: StandingAction;
  by: string[];
  /** Milliseconds since the epoch. */
  createdAt: number;
  revokedAt: number | null;
  revokedBy: string | null;
}

export const createStandingStore = (database: Database) =>
  database.guarded({
    /** What holds now in any open run of the organization, newest first. @param limit how many at most */
    async listInForce(organizationId: string, limit: number): Promise<StoredStanding[]> {
      const rows = await database.client.standingApproval.findMany({
        where: { organizationId, revokedAt: null, run: { endedAt: null } },
        orderBy: [{ createdAt: 'desc' }, { id: 'asc' }],
        take: limit,
      });
      return rows.map(standingOf);
    },

    /** Those of a run, revoked ones too, oldest first. */
    async list({ runId, organizationId }: RunAddress): Promise<StoredStanding[]> {
      const rows = await database.client.standingApproval.findMany({
        where: { runId, organizationId },
        orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
      });
      return rows.map(standingOf);
    },
  });

function standingOf(row: StandingApproval): StoredStanding {
  const { action, createdAt, revokedAt, id, runId, approvalId, tool, by, revokedBy } = row;
  return {
    ...{ id, runId, approvalId, tool, by, revokedBy },
    action: action as unknown as StandingAction,
    createdAt: createdAt.getTime(),
    revokedAt: revokedAt?.getTime() ?? null,
  };
}
