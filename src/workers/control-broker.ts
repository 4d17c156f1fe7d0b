import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Logger } from 'pino';
import { type Broker, type BrokerDependencies, createBroker } from '../broker/broker';
import { readBrokerFile } from '../broker/broker-file';
import { openIssuer } from '../broker/open-issuer';
import type { ControlConfig } from '../config';
import { workflowIdOf } from '../domain/run';
import { createCredentialStore } from '../store/credential-store';
import type { Database } from '../store/database';
import { startBrokerEndpoint } from './broker-endpoint';
import { brokerAt } from './broker-settings';

export interface ControlBrokerOptions extends Pick<BrokerDependencies, 'verifier' | 'presenters'> {
  config: ControlConfig;
  database: Database;
  client: Client;
  logger: Pick<Logger, 'error'>;
}

/** How often what is over is looked for, in milliseconds: runs that died tell nobody. */
const SWEEP_EVERY_MS = 30_000;

/**
 * The credential broker of a control worker, listening; null where none is configured.
 *
 * @throws GatehouseError `broker-…`
 */
export async function startBroker({
  config,
  database,
  client,
  logger,
  ...parts
}: ControlBrokerOptions): Promise<{ broker: Broker; close(): Promise<void> } | null> {
  const place = brokerAt(config);
  if (!place) return null;
  const log = (message: string, cause: unknown) => logger.error({ err: cause }, message);
  const broker = createBroker({
    ...parts,
    offers: config.GATEHOUSE_BROKER_CONFIG ? readBrokerFile(config.GATEHOUSE_BROKER_CONFIG) : [],
    issuerOf: openIssuer,
    records: createCredentialStore(database),
    now: Date.now,
    log,
  });
  const endpoint = await startBrokerEndpoint({ ...place, broker, log });
  const sweeping = startSweeping(() => broker.sweep((runId) => isUnderWay(client, runId)), log);
  return {
    broker,
    async close() {
      await endpoint.close();
      await sweeping.stop();
    },
  };
}

/** Whether Temporal still has the run: one that was terminated there ended without a word to us. */
async function isUnderWay(client: Client, runId: string): Promise<boolean> {
  try {
    return (await client.workflow.getHandle(workflowIdOf(runId)).describe()).status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

/** At once, for what an earlier process left behind, and then again and again. */
function startSweeping(sweep: () => Promise<void>, log: (message: string, cause: unknown) => void) {
  let timer: NodeJS.Timeout | null = null;
  let isStopped = false;
  async function round(): Promise<void> {
    await sweep().catch((cause) =>
      log('credentials that are over could not be looked for; it is tried again', cause),
    );
    if (isStopped) return;
    timer = setTimeout(() => {
      running = round();
    }, SWEEP_EVERY_MS);
    timer.unref();
  }
  let running = round();
  return {
    async stop(): Promise<void> {
      isStopped = true;
      if (timer) clearTimeout(timer);
      await running;
    },
  };
}
