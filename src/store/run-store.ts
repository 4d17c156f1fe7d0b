import type { BudgetUsage } from '../domain/budget';
import { canonicalJson } from '../domain/canonical-json';
import { GatehouseError } from '../domain/errors';
import { type RunInput, type RunOutcome, type RunStatus, workflowIdOf } from '../domain/run';
import type { FinishInput } from '../domain/steps';
import type { Database } from './database';
import type { Halt, Prisma, Run } from './generated/client';
import { outcomeRecords } from './outcome-records';
import { commitRun, numbered } from './run-commit';

export type RunStore = ReturnType<typeof createRunStore>;

export interface StoredRun {
  id: string;
  organizationId: string;
  agent: string;
  input: RunInput;
  workflowId: string;
  snapshot: string | null;
  status: RunStatus;
  halt: Halt;
  outcome: RunOutcome | null;
  usage: BudgetUsage | null;
  /** Milliseconds since the epoch. */
  createdAt: number;
  updatedAt: number;
  endedAt: number | null;
}

export interface RunPage {
  /** Newest first. */
  runs: StoredRun[];
  /** Cursor of the next page, or null at the end. */
  next: string | null;
}

export const createRunStore = (database: Database, now: () => number = Date.now) => {
  const { client } = database;
  return database.guarded({
    /**
     * Idempotent by run id.
     *
     * @throws GatehouseError `run-exists` when another run has this id, `organization-unknown`
     */
    async create({ snapshotId, ...input }: RunInput & { snapshotId: string }): Promise<void> {
      const { runId, organizationId, agent, requestedBy } = input;
      await client.run.createMany({
        data: [
          {
            id: runId,
            organizationId,
            agent,
            requestedBy,
            input: input as unknown as Prisma.InputJsonObject,
            workflowId: workflowIdOf(runId),
            snapshotId,
          },
        ],
        skipDuplicates: true,
      });
      const stored = await client.run.findUniqueOrThrow({
        where: { id: runId },
        select: { input: true, endedAt: true },
      });
      if (canonicalJson(stored.input) !== canonicalJson(input))
        throw new GatehouseError('run-exists', `run \`${runId}\` exists already, with another input`);
      // Its decisions and approvals are settled, and would be taken for those of the new one.
      if (stored.endedAt !== null)
        throw new GatehouseError(
          'run-exists',
          `run \`${runId}\` has ended already; start one under another id`,
        );
    },

    /** A run that ended keeps its status. */
    async setStatus(runId: string, status: RunStatus): Promise<void> {
      await client.run.updateMany({ where: { id: runId, endedAt: null }, data: { status } });
    },

    /** Read by the run's next gate. @throws GatehouseError `run-unknown` */
    async setHalt(organizationId: string, runId: string, halt: Halt): Promise<void> {
      const { count } = await client.run.updateMany({ where: { id: runId, organizationId }, data: { halt } });
      if (count === 0) throw new GatehouseError('run-unknown', `there is no run \`${runId}\``);
    },

    async get(organizationId: string, runId: string): Promise<StoredRun | null> {
      const row = await client.run.findFirst({ where: { id: runId, organizationId } });
      return row ? runOf(row) : null;
    },

    /** Those of an organization among these; in no order. */
    async getMany(organizationId: string, ids: readonly string[]): Promise<StoredRun[]> {
      const rows = await client.run.findMany({ where: { organizationId, id: { in: [...ids] } } });
      return rows.map(runOf);
    },

    /**
     * @param query.limit at most 200. @default 50
     * @param query.cursor `next` of the page before
     * @throws GatehouseError `cursor-malformed`
     */
    async list(query: {
      organizationId: string;
      status?: RunStatus;
      agent?: string;
      limit?: number;
      cursor?: string | null;
    }): Promise<RunPage> {
      const { organizationId, status, agent, cursor } = query;
      const limit = Math.min(Math.max(query.limit ?? 50, 1), 200);
      // A cursor that names no run would be answered as the end of the list.
      if (cursor && (await client.run.count({ where: { organizationId, id: cursor } })) === 0)
        throw new GatehouseError('cursor-malformed', 'this cursor is none that a page here ended with');
      const rows = await client.run.findMany({
        where: { organizationId, status, agent },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: limit + 1,
        ...(cursor ? { cursor: { id: cursor }, skip: 1 } : {}),
      });
      const runs = rows.slice(0, limit).map(runOf);
      return { runs, next: rows.length > limit ? (runs.at(-1)?.id ?? null) : null };
    },

    /** Ids of runs that have not ended; of one agent where one is named. */
    async listOpen(organizationId: string, agent?: string): Promise<string[]> {
      const rows = await client.run.findMany({
        where: { organizationId, agent, endedAt: null },
        select: { id: true },
      });
      return rows.map(({ id }) => id);
    },

    /** Closes a run: outcome, last events, closing audit record. Idempotent; the first outcome stays. */
    async finish(input: FinishInput): Promise<void> {
      const { runId, organizationId, outcome, usage } = input;
      const at = now();
      await commitRun(client, {
        runId,
        organizationId,
        status: outcome.status,
        outcome,
        usage,
        events: numbered(runId, input.firstSequence, at, input.events),
        audit: [
          ...outcomeRecords(input.events, at),
          { key: 'finish', kind: 'finish', body: { outcome, usage }, at },
        ],
        at,
      });
    },
  });
};

function runOf(row: Run): StoredRun {
  return {
    id: row.id,
    organizationId: row.organizationId,
    agent: row.agent,
    input: row.input as unknown as RunInput,
    workflowId: row.workflowId,
    snapshot: row.snapshotId,
    status: row.status,
    halt: row.halt,
    outcome: row.outcome as unknown as RunOutcome | null,
    usage: row.usage as unknown as BudgetUsage | null,
    createdAt: row.createdAt.getTime(),
    updatedAt: row.updatedAt.getTime(),
    endedAt: row.endedAt?.getTime() ?? null,
  };
}
