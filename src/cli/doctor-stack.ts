import { queues } from '../../workflows/messages';
import { openWorkflowClient } from '../commands/workflow-client';
import { publicMessage } from '../domain/errors';
import { checkDatabase } from '../embedded/database-connection';
import type { RunningStack } from '../embedded/stack-file';
import type { CliContext } from './context';

/** One thing that was looked at. `off` is no fault: it is not needed, or not running. */
export interface Check {
  name: string;
  state: 'ok' | 'off' | 'problem';
  found: string;
  /** What to do about it. */
  advice?: string;
}

/** Whether the stack answers, and whether each kind of worker asks for work. */
export async function checkRunningStack(
  { config, dataDir }: CliContext,
  running: RunningStack | null,
): Promise<Check[]> {
  const address = running?.temporal ?? config.TEMPORAL_ADDRESS;
  const databaseUrl = running?.databaseUrl ?? config.DATABASE_URL;
  if (address === undefined || databaseUrl === undefined)
    return [
      {
        name: 'stack',
        state: 'off',
        found: `nothing runs on ${dataDir}`,
        advice: 'start it with `gatehouse up`',
      },
    ];
  const namespace = running?.namespace ?? config.TEMPORAL_NAMESPACE;
  return [await database(databaseUrl), ...(await temporal(address, namespace, dataDir))];
}

async function database(databaseUrl: string): Promise<Check> {
  try {
    await checkDatabase(databaseUrl);
    return { name: 'database', state: 'ok', found: 'answers' };
  } catch (error) {
    return { name: 'database', state: 'problem', found: 'does not answer', advice: publicMessage(error) };
  }
}

async function temporal(address: string, namespace: string, dataDir: string): Promise<Check[]> {
  const name = 'temporal server';
  try {
    const server = await openWorkflowClient({ address, namespace });
    try {
      const workers = await Promise.all(
        Object.entries(queues).map(async ([plane, queue]): Promise<Check> => {
          const polls = await server.within(() => pollersOf(server.client, namespace, queue, plane));
          return polls > 0
            ? { name: `worker ${plane}`, state: 'ok', found: `asks for work on ${queue}` }
            : {
                name: `worker ${plane}`,
                state: 'problem',
                found: `nobody asks for work on ${queue}`,
                advice: `look at \`${dataDir}/logs/gatehouse-${plane}.log\`, or start \`gatehouse up\``,
              };
        }),
      );
      return [{ name, state: 'ok', found: `${address}, namespace ${namespace}` }, ...workers];
    } finally {
      await server.close();
    }
  } catch (error) {
    return [{ name, state: 'problem', found: 'does not answer', advice: publicMessage(error) }];
  }
}

/** Temporal's numbers of its kinds of task queues. */
const WORKFLOWS = 1;
const ACTIVITIES = 2;

/** Pollers that asked within the last minutes; the server forgets those that went away after five. */
async function pollersOf(
  client: Awaited<ReturnType<typeof openWorkflowClient>>['client'],
  namespace: string,
  queue: string,
  plane: string,
): Promise<number> {
  const { pollers } = await client.connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name: queue },
    taskQueueType: plane === 'control' ? WORKFLOWS : ACTIVITIES,
  });
  return pollers?.length ?? 0;
}
