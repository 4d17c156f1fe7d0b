import { haltChanged } from '../../workflows/messages';
import { GatehouseError } from '../domain/errors';
import type { CommandDependencies } from './dependencies';

/** How many runs are spoken with at once. */
const AT_ONCE = 16;

/**
 * Has open runs ask the database whether they are halted, and ends those that are stopped. A run that cannot be told is
 * held by its next gate.
 *
 * @param agent only the runs of this one
 * @returns how many were told
 */
export async function tellHaltedRuns(
  { organizationId, runs, temporal }: Pick<CommandDependencies, 'organizationId' | 'runs' | 'temporal'>,
  { agent, isStopped }: { agent?: string; isStopped: boolean },
): Promise<number> {
  const runIds = new Set([...(await runs.listOpen(organizationId, agent)), ...(await undispatched())]);
  const waiting = [...runIds];
  let told = 0;
  const tellOneByOne = async () => {
    for (let runId = waiting.pop(); runId !== undefined; runId = waiting.pop())
      if (await tellHaltedRun({ temporal }, runId, isStopped)) told++;
  };
  await Promise.all(Array.from({ length: AT_ONCE }, tellOneByOne));
  return told;

  /** Temporal knows a run before the database does. */
  async function undispatched(): Promise<string[]> {
    const found: string[] = [];
    const query = [
      `WorkflowType = 'agentRun' AND ExecutionStatus = 'Running'`,
      `GatehouseOrganization = ${quoted(organizationId)} AND (GatehouseStatus = 'QUEUED' OR GatehouseStatus = 'PAUSED')`,
      ...(agent === undefined ? [] : [`GatehouseAgent = ${quoted(agent)}`]),
    ].join(' AND ');
    for await (const { workflowId } of temporal.client.workflow.list({ query }))
      if (workflowId.startsWith('run-')) found.push(workflowId.slice('run-'.length));
    return found;
  }
}

/** @returns whether the run is open and was told */
export async function tellHaltedRun(
  { temporal }: Pick<CommandDependencies, 'temporal'>,
  runId: string,
  isStopped: boolean,
): Promise<boolean> {
  try {
    await temporal.onRun(runId, async (handle) => {
      // The signal comes first, so that the run knows who stopped it before it ends.
      await handle.signal(haltChanged);
      if (isStopped) await handle.cancel();
    });
    return true;
  } catch (error) {
    if (error instanceof GatehouseError) return false;
    throw error;
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
