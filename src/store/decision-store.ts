import type { Decision } from '../domain/decision';
import type { GatedCall, RunFacts, Workspace } from '../domain/steps';
import type { Database } from './database';
import type { DecisionRecord } from './generated/client';
import type { RunAddress } from './run-rows';

export type DecisionStore = ReturnType<typeof createDecisionStore>;

/** One call as a gate judged it. */
export interface StoredDecision {
  step: number;
  turn: number;
  callId: string;
  tool: string;
  /** RFC 8785 JSON where the call could be read, else the text as the model sent it. */
  args: string;
  decision: Decision;
  isGranted: boolean;
  /** Milliseconds since the epoch. */
  at: number;
}

/** Most decisions that one listing gives. */
const MAX_DECISIONS = 1_000;

export const createDecisionStore = (database: Database) =>
  database.guarded({
    /** In the order they were made. */
    async list({ runId, organizationId }: RunAddress): Promise<StoredDecision[]> {
      const rows = await database.client.decisionRecord.findMany({
        where: { runId, organizationId },
        orderBy: [{ step: 'asc' }, { position: 'asc' }],
        take: MAX_DECISIONS,
      });
      return rows.map(decisionOf);
    },

    /** The workspace as a call's last gate saw it; null where there was none. */
    async workspaceOf({ runId, organizationId }: RunAddress, callId: string): Promise<Workspace | null> {
      const row = await database.client.decisionRecord.findFirst({
        where: { runId, organizationId, callId },
        orderBy: { step: 'desc' },
        select: { context: true },
      });
      return (row?.context as { facts?: RunFacts } | undefined)?.facts?.workspace ?? null;
    },
  });

function decisionOf(row: DecisionRecord): StoredDecision {
  const { call } = row.gated as unknown as GatedCall;
  const proposed = row.proposed as unknown as { tool: string; args: string };
  return {
    step: row.step,
    turn: row.turn,
    callId: row.callId,
    tool: call?.tool ?? proposed.tool,
    args: call?.args ?? proposed.args,
    decision: row.decision as unknown as Decision,
    isGranted: row.isGranted,
    at: row.at.getTime(),
  };
}
