import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { type Broker, type BrokerDependencies, createBroker } from '../broker/broker';
import { readBrokerFile } from '../broker/broker-file';
import { openIssuer } from '../broker/open-issuer';
import type { ControlConfig } from '../config';
import { createCredentialStore } from '../store/credential-store';
import type { Database } from '../store/database';
import { startBrokerEndpoint } from './broker-endpoint';
import { brokerAt } from './broker-settings';
import { isRunning } from './is-running';
import { startRounds } from './rounds';

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
  // A run that was terminated in Temporal, or is not there, ended without a word to us.
  const isAlive = async (runId: string) => (await isRunning(client.workflow, runId)) === true;
  const sweeping = startRounds(async () => {
    await broker
      .sweep(isAlive)
      .catch((cause) => log('credentials that are over could not be looked for; it is tried again', cause));
  }, SWEEP_EVERY_MS);
  return {
    broker,
    async close() {
      await endpoint.close();
      await sweeping.stop();
    },
  };
}
