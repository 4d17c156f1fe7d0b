import { temporal } from '@temporalio/proto';
import type { NativeConnection } from '@temporalio/worker';
import { hostQueue } from '../../workflows/messages';

/** Asks Temporal when a sandbox host's queue was last asked for work. */
export function createLastPolled({
  connection,
  namespace,
}: {
  connection: NativeConnection;
  namespace: string;
}) {
  return async (host: string): Promise<number | null> => {
    const { pollers } = await connection.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: hostQueue(host) },
      taskQueueType: temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    });
    const times = (pollers ?? []).map(
      ({ lastAccessTime }) =>
        Number(lastAccessTime?.seconds ?? 0) * 1_000 + (lastAccessTime?.nanos ?? 0) / 1_000_000,
    );
    return times.length === 0 ? null : Math.max(...times);
  };
}
