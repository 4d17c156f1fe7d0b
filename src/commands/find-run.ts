import type { WorkflowExecutionDescription, WorkflowExecutionStatusName } from '@temporalio/client';
import { AGENT_RUN } from '../../workflows/messages';
import { GatehouseError } from '../domain/errors';
import type { RunInput, RunStatus } from '../domain/run';
import type { CommandDependencies } from './dependencies';
import { readRunStart } from './starting-run';
import { runUnknown } from './workflow-client';

export type FindRunDependencies = Pick<CommandDependencies, 'organizationId' | 'runs' | 'temporal'>;

/** A run that is not dispatched yet, or was refused at its dispatch: Temporal alone knows of it. */
export interface StartingRun {
  description: WorkflowExecutionDescription;
  /** Null where it is malformed. */
  input: RunInput | null;
}

/**
 * Refuses what is no run of the organization. A run is known to Temporal first and to the database once dispatched, so
 * the database is asked first and Temporal about the rest.
 *
 * INVARIANT: before its dispatch a run is of the organization that its input names, as afterwards.
 *
 * @returns what Temporal says where it had to be asked, else null
 * @throws GatehouseError `run-unknown`, `database-unreachable`, `temporal-unreachable`
 */
export async function requireRun(
  { organizationId, runs, temporal }: FindRunDependencies,
  runId: string,
): Promise<StartingRun | null> {
  if (await runs.get(organizationId, runId)) return null;
  const description = await temporal.onRun(runId, (handle) => handle.describe());
  if (description.type !== AGENT_RUN) throw runUnknown(runId);
  const start = await temporal.within(() => readRunStart(temporal.client, runId));
  if (start?.organizationId !== organizationId) throw runUnknown(runId);
  return { description, input: start.input };
}

/** Refuses a run that ended: nothing can be done to it any more. @throws GatehouseError `run-ended`, `run-unknown` */
export async function requireOpenRun(dependencies: FindRunDependencies, runId: string): Promise<void> {
  const known = await requireRun(dependencies, runId);
  const description =
    known?.description ?? (await dependencies.temporal.onRun(runId, (handle) => handle.describe()));
  const status = closedStatus(description.status.name);
  if (status === null) return;
  const recorded = await dependencies.runs.get(dependencies.organizationId, runId);
  throw runEnded(runId, recorded?.status ?? status);
}

export function runEnded(runId: string, status: RunStatus): GatehouseError {
  return new GatehouseError('run-ended', `run \`${runId}\` has ended already: ${status}`);
}

/** How a closed workflow stands as a run; null while it is open. */
export function closedStatus(name: WorkflowExecutionStatusName): RunStatus | null {
  switch (name) {
    case 'RUNNING':
    case 'CONTINUED_AS_NEW':
    case 'PAUSED':
    case 'UNSPECIFIED':
    case 'UNKNOWN':
      return null;
    case 'COMPLETED':
      return 'COMPLETED';
    case 'CANCELLED':
      return 'CANCELLED';
    case 'FAILED':
    case 'TERMINATED':
    case 'TIMED_OUT':
      return 'FAILED';
  }
}
