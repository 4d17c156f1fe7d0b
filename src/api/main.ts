/** The API: HTTP for services, approvers and operators. It has the database, Temporal, and the key it vouches with. */
import pino from 'pino';
import { collectDefaultMetrics } from 'prom-client';
import { apiConfig } from '../config';
import { GatehouseError } from '../domain/errors';
import { createApi } from './create-api';
import { openApi } from './open-api';
import { listen } from './serve';

async function main(): Promise<void> {
  const config = apiConfig();
  const log = pino({ name: 'gatehouse-api', level: config.GATEHOUSE_LOG });
  const stopped = interruption();
  const { dependencies, stop, close } = await openApi(config, log);
  collectDefaultMetrics({ register: dependencies.registry });
  const api = createApi(dependencies);
  const listening = await listen({
    fetch: api.fetch,
    host: config.GATEHOUSE_API_HOST,
    port: config.GATEHOUSE_API_PORT,
  });
  process.stdout.write(`gatehouse-api listens on ${listening.url.href}\n`);
  process.stdout.write('gatehouse-api is ready\n');
  await stopped;
  stop();
  await listening.close();
  await close();
}

function interruption(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}

main().catch((error: unknown) => {
  const text = error instanceof GatehouseError ? error.message : ((error as Error).stack ?? String(error));
  process.stderr.write(`gatehouse-api: ${text}\n`);
  process.exit(1);
});
