import type { WorkflowHandle } from '@temporalio/client';
import {
  type StatusView,
  status as statusQuery,
  type UsageView,
  usage as usageQuery,
} from '../../workflows/messages';
import type { BudgetUsage } from '../domain/budget';
import { GatehouseError } from '../domain/errors';
import type { RunEvent } from '../domain/events';
import { isEnded, type RunInput, type RunOutcome, type RunStatus, workflowIdOf } from '../domain/run';
import type { StoredCredential } from '../store/credential-list';
import type { StoredDecision } from '../store/decision-store';
import type { StoredStanding } from '../store/standing-store';
import type { CommandDependencies } from './dependencies';
import { closedStatus, requireRun } from './find-run';
import type { PendingForPeople } from './list-pending';

/** Everything that is known of a run. */
export interface RunView {
  runId: string;
  workflowId: string;
  agent: string | null;
  status: RunStatus;
  /** How it ended, or why it is paused. */
  text: string | null;
  /** False where the run is open and no worker answered for it: what is shown is as last recorded. */
  isCurrent: boolean;
  input: RunInput | null;
  outcome: RunOutcome | null;
  usage: BudgetUsage | null;
  /** Limits and time as the run counts them; null for a run that ended. */
  live: Pick<UsageView, 'budget' | 'elapsedMs' | 'invalidSignals'> | null;
  pending: PendingForPeople;
  /** What was approved for the rest of the run, revoked or not. */
  standing: StoredStanding[];
  /** What the credential broker issued. */
  credentials: StoredCredential[];
  decisions: StoredDecision[];
  events: RunEvent[];
  snapshot: string | null;
  /** Milliseconds since the epoch. */
  createdAt: number;
  endedAt: number | null;
}

/**
 * One run, from the database and, while it is open, from itself.
 *
 * @throws GatehouseError `run-unknown`, `database-unreachable`, `temporal-unreachable`
 */
export const createShowRun =
  (dependencies: Omit<CommandDependencies, 'agents'>) =>
  async (runId: string): Promise<RunView> => {
    const { organizationId, runs } = dependencies;
    const starting = await requireRun(dependencies, runId);
    const stored = await runs.get(organizationId, runId);
    const address = { organizationId, runId };
    const isOpen = stored ? !isEnded(stored.status) : true;
    const [approvals, questions, standing, credentials, decisions, events, live] = await Promise.all([
      isOpen ? dependencies.approvals.listPending(organizationId, runId) : [],
      isOpen ? dependencies.questions.listPending(organizationId, runId) : [],
      dependencies.standing.list(address),
      dependencies.credentials.list(address),
      dependencies.decisions.list(address),
      allEvents(dependencies, runId),
      isOpen ? askRun(dependencies, runId) : null,
    ]);
    return {
      runId,
      workflowId: workflowIdOf(runId),
      agent: stored?.agent ?? starting?.input?.agent ?? null,
      status: live?.status.status ?? stored?.status ?? statusOf(starting?.description.status.name),
      text: stored?.outcome?.text ?? live?.status.text ?? null,
      isCurrent: !isOpen || live !== null,
      input: stored?.input ?? starting?.input ?? null,
      outcome: stored?.outcome ?? null,
      usage: live?.usage?.usage ?? stored?.usage ?? null,
      live: live?.usage ?? null,
      pending: { approvals, questions },
      standing,
      credentials,
      decisions,
      events,
      snapshot: stored?.snapshot ?? null,
      createdAt: stored?.createdAt ?? starting?.description.startTime.getTime() ?? 0,
      endedAt: stored?.endedAt ?? starting?.description.closeTime?.getTime() ?? null,
    };
  };

async function allEvents(
  { events, organizationId }: Pick<CommandDependencies, 'events' | 'organizationId'>,
  runId: string,
): Promise<RunEvent[]> {
  const all: RunEvent[] = [];
  for (;;) {
    const page = await events.list({ runId, organizationId }, all.at(-1)?.sequence ?? -1);
    if (page.length === 0) return all;
    all.push(...page);
  }
}

/** What the run itself says; null where no worker answers for it. */
async function askRun(
  { temporal }: Pick<CommandDependencies, 'temporal'>,
  runId: string,
): Promise<{ status: StatusView; usage: UsageView | null } | null> {
  const ask = async (handle: WorkflowHandle) => {
    const status = await handle.query(statusQuery);
    // Before dispatch a run has no limits yet.
    const usage = await handle.query(usageQuery).catch(() => null);
    return { status, usage };
  };
  try {
    return await temporal.askRun(runId, ask);
  } catch (error) {
    if (error instanceof GatehouseError && error.code === 'temporal-unreachable') throw error;
    return null;
  }
}

function statusOf(name: Parameters<typeof closedStatus>[0] | undefined): RunStatus {
  return (name === undefined ? null : closedStatus(name)) ?? 'QUEUED';
}
