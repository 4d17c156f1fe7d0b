import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { Client as PostgresClient } from 'pg';
import { DELIVER_NOTIFICATION, notificationWorkflowId, queues } from '../../workflows/messages';
import type { DeliveryStore } from '../store/delivery-store';

export interface NotificationDispatcherOptions {
  databaseUrl: string;
  deliveries: Pick<DeliveryStore, 'listUnstarted' | 'markStarted'>;
  client: Client;
  log(message: string, cause: unknown): void;
}

export interface NotificationDispatcher {
  close(): Promise<void>;
}

/** How often it looks without being told: what was written while nobody listened. */
const SWEEP_MS = 5_000;
const BATCH = 50;
const CHANNEL = 'gatehouse_deliveries';

/**
 * Starts a workflow for each delivery that the database holds, soon after its transaction. Told twice or killed between
 * start and note, it starts none twice: the workflow's id is the delivery's.
 */
export function startNotificationDispatcher(options: NotificationDispatcherOptions): NotificationDispatcher {
  const { deliveries, client, log } = options;
  let isClosed = false;
  let wake: () => void = () => undefined;
  let isAwake = false;
  const nudge = () => {
    isAwake = true;
    wake();
  };
  const listener = listen(options.databaseUrl, nudge);

  async function startAll(): Promise<void> {
    for (;;) {
      const ids = await deliveries.listUnstarted(BATCH);
      await Promise.all(ids.map(start));
      if (ids.length < BATCH || isClosed) return;
    }
  }

  async function start(id: string): Promise<void> {
    try {
      await client.workflow.start(DELIVER_NOTIFICATION, {
        workflowId: notificationWorkflowId(id),
        taskQueue: queues.control,
        args: [id],
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        workflowTaskTimeout: '3s',
      });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    }
    await deliveries.markStarted(id, Date.now());
  }

  async function loop(): Promise<void> {
    while (!isClosed) {
      isAwake = false;
      await listener.ensure().catch((error) => log('notifications are not listened for', error));
      await startAll().catch((error) => log('notifications could not be started yet', error));
      if (!isAwake && !isClosed)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, SWEEP_MS);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
    }
  }

  const ended = loop();
  return {
    async close() {
      isClosed = true;
      nudge();
      await ended;
      await listener.close();
    },
  };
}

/** One connection that hears of new deliveries; made again when it was lost. */
function listen(databaseUrl: string, onNotification: () => void) {
  let connection: PostgresClient | null = null;
  return {
    async ensure(): Promise<void> {
      if (connection) return;
      const next = new PostgresClient({ connectionString: databaseUrl, connectionTimeoutMillis: 5_000 });
      const lost = () => {
        if (connection === next) connection = null;
      };
      next.on('error', lost);
      next.on('end', lost);
      next.on('notification', onNotification);
      try {
        await next.connect();
        await next.query(`LISTEN ${CHANNEL}`);
      } catch (error) {
        await next.end().catch(() => undefined);
        throw error;
      }
      connection = next;
    },
    async close(): Promise<void> {
      await connection?.end().catch(() => undefined);
    },
  };
}
