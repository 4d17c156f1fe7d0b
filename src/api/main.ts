/** The API: HTTP for services, approvers and operators. It has the database, Temporal, and the key it vouches with. */
import { collectDefaultMetrics } from 'prom-client';
import { apiConfig } from '../config';
import { GatehouseError } from '../domain/errors';
import { openLog } from '../log/open-log';
import { createApi, type Pages } from './create-api';
import { openApi } from './open-api';
import { listen } from './serve';

async function main(): Promise<void> {
  const config = apiConfig();
  const log = openLog('gatehouse-api', config.GATEHOUSE_LOG);
  const stopped = interruption();
  const { dependencies, consoleAt, stop, close } = await openApi(config, log);
  collectDefaultMetrics({ register: dependencies.registry });
  // The console makes its cookies for the address, which is known once one listens there.
  let api: Pages = { fetch: () => new Response(null, { status: 503 }) };
  const listening = await listen({
    fetch: (request, environment) => api.fetch(request, environment),
    host: config.GATEHOUSE_API_HOST,
    port: config.GATEHOUSE_API_PORT,
  });
  const origin = new URL(config.GATEHOUSE_PUBLIC_URL ?? loopbackOf(listening.url)).origin;
  api = createApi(dependencies, consoleAt(origin));
  process.stdout.write(`gatehouse-api listens on ${listening.url.href}\n`);
  process.stdout.write('gatehouse-api is ready\n');
  await stopped;
  stop();
  await listening.close();
  await close();
}

/** Where a process that listens everywhere is reached from its own machine. */
function loopbackOf(url: URL): string {
  return url.href.replace(/^http:\/\/(0\.0\.0\.0|\[::\])/, 'http://127.0.0.1');
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
