import { NativeConnection, Worker } from '@temporalio/worker';
import type { Harness } from '../../support/run-harness';

/** Activities that answer as an attacker likes. */
export type HostileActivities = Record<string, (input: never) => Promise<unknown>>;

/** A worker that took the place of one of ours: it polls the same queues, with the same access to Temporal. */
export async function startHostileWorker(
  { temporalAddress, namespace }: Pick<Harness, 'temporalAddress' | 'namespace'>,
  queues: Record<string, { activities?: HostileActivities; workflowsPath?: string }>,
): Promise<{ stop(): Promise<void> }> {
  const connection = await NativeConnection.connect({ address: temporalAddress });
  const workers = await Promise.all(
    Object.entries(queues).map(([taskQueue, work]) =>
      Worker.create({ connection, namespace, taskQueue, identity: 'hostile', ...work }),
    ),
  );
  const running = Promise.all(workers.map((worker) => worker.run()));
  return {
    async stop() {
      for (const worker of workers) worker.shutdown();
      await running;
      await connection.close();
    },
  };
}
