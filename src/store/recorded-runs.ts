import type { ToolCall } from '../domain/call';
import type { Decision } from '../domain/decision';
import type { Tightening } from '../domain/permissions';
import type { RunInput } from '../domain/run';
import type { GatedCall, Observation, RunFacts } from '../domain/steps';
import type { Action } from '../policy/action';
import type { RecordedApproval } from '../policy/gate-turn';
import type { Database } from './database';
import type { Prisma } from './generated/client';

/** Where the runs of organizations are read again as they were recorded; nothing is written. */
export type RecordedRuns = ReturnType<typeof createRecordedRuns>;

/** A run with what a gate was given and what it answered. */
export interface StoredRecordedRun {
  runId: string;
  agent: string;
  prompt: string;
  narrow: Tightening | null;
  /** By step, and within a step in the order of the model. */
  decisions: StoredRecordedDecision[];
  approvals: (RecordedApproval & { isPending: boolean })[];
}

export interface StoredRecordedDecision {
  step: number;
  proposed: ToolCall;
  facts: RunFacts;
  observations?: Observation[];
  decision: Decision;
  isRead: boolean;
  /** Milliseconds since the epoch. */
  at: number;
}

export interface RecordedRunsQuery {
  organizationId: string;
  /** Runs that began earlier are left out, in milliseconds since the epoch. */
  since?: number;
  /** How many runs, the newest. */
  limit: number;
}

/** Of a run's decisions, those of the steps in which some call was decided last. */
interface DecisionRow {
  step: number;
  proposed: ToolCall;
  context: { facts: RunFacts; observations?: Observation[] };
  decision: Decision;
  gated: GatedCall;
  at: Date;
}

interface RunPosition {
  id: string;
  createdAt: Date;
}

/** @param options.pageSize how many addresses of runs are read at once. @default 100 */
export const createRecordedRuns = (database: Database, { pageSize = 100 }: { pageSize?: number } = {}) => {
  const { client } = database;
  const pages = database.guarded({
    async addresses(where: Prisma.RunWhereInput, after: RunPosition | null, take: number) {
      return client.run.findMany({
        where: { AND: after ? [where, isAfter(after)] : [where] },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        select: { id: true, createdAt: true },
        take,
      });
    },

    async run(organizationId: string, runId: string): Promise<StoredRecordedRun | null> {
      const [run, decisions, approvals] = await Promise.all([
        client.run.findFirst({
          where: { id: runId, organizationId },
          select: { agent: true, input: true, endedAt: true },
        }),
        client.$queryRaw<DecisionRow[]>`
          SELECT "step", "proposed", "context", "decision", "gated", "at" FROM "DecisionRecord"
          WHERE "runId" = ${runId} AND "organizationId" = ${organizationId} AND "step" IN (
            SELECT max("step") FROM "DecisionRecord" WHERE "runId" = ${runId} GROUP BY "callId")
          ORDER BY "step", "position"`,
        client.approval.findMany({
          where: { runId, organizationId },
          select: { id: true, callId: true, status: true, action: true, expiresAt: true },
          orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
        }),
      ]);
      if (!run) return null;
      const { prompt, narrow } = run.input as unknown as RunInput;
      return {
        runId,
        agent: run.agent,
        prompt,
        narrow: narrow ?? null,
        decisions: decisions.map(decisionOf),
        approvals: approvals.map(({ status, action, expiresAt, ...approval }) => ({
          ...approval,
          action: action as unknown as Action,
          isGiven: status === 'approved',
          isPending: status === 'pending' && run.endedAt === null,
          isVoid: status === 'void',
          expiresAt: expiresAt.getTime(),
        })),
      };
    },
  });

  return {
    /**
     * The newest runs in which something was decided, newest first, and then every older one that waits for an approval,
     * however old. One run is in memory at a time.
     */
    async *read({ organizationId, since, limit }: RecordedRunsQuery): AsyncGenerator<StoredRecordedRun> {
      const decided: Prisma.RunWhereInput = { organizationId, decisions: { some: {} } };
      const recent = since === undefined ? decided : { ...decided, createdAt: { gte: new Date(since) } };
      const waiting = { ...decided, endedAt: null, approvals: { some: { status: 'pending' as const } } };
      let last: RunPosition | null = null;
      for (const [where, most] of [
        [recent, limit],
        [waiting, Number.POSITIVE_INFINITY],
      ] as const)
        for (let left: number = most; left > 0; ) {
          const take = Math.min(pageSize, left);
          const page: RunPosition[] = await pages.addresses(where, last, take);
          for (const position of page) {
            const run = await pages.run(organizationId, position.id);
            if (run) yield run;
          }
          last = page.at(-1) ?? last;
          left = page.length < take ? 0 : left - take;
        }
    },
  };
};

function decisionOf({ step, proposed, context, decision, gated, at }: DecisionRow): StoredRecordedDecision {
  const { facts, observations } = context;
  return {
    ...{ step, proposed, facts, decision },
    ...(observations ? { observations } : {}),
    isRead: gated.isRead,
    at: at.getTime(),
  };
}

/** A position of our own, since a page may go on with other conditions than those that the run before it met. */
function isAfter({ id, createdAt }: RunPosition): Prisma.RunWhereInput {
  return { OR: [{ createdAt: { lt: createdAt } }, { createdAt, id: { lt: id } }] };
}
