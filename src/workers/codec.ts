/** The codec server: shows the Temporal UI and CLI what runs said. Payload keys, and neither the database nor Temporal. */
import type { Server } from 'node:http';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { createCodecApp } from '../codec/codec-app';
import { createCodecPage } from '../codec/codec-page';
import { createAdmit } from '../codec/decoding-question';
import { createPayloadCodec } from '../codec/payload-codec';
import { readPayloadKeys } from '../codec/payload-keys';
import { type CodecConfig, codecConfig } from '../config';
import { nameOfSessionCookie } from '../console/cookies';
import { paths } from '../console/paths';
import { publicMessage } from '../domain/errors';
import { openLog } from '../log/open-log';

/** A request has to be here within this, in milliseconds. */
const REQUEST_LIMIT_MS = 60_000;
const CLOSE_WITHIN_MS = 5_000;

try {
  main(codecConfig());
} catch (error) {
  fail(error);
}

function main(config: CodecConfig): void {
  const { GATEHOUSE_CODEC_HOST: hostname, GATEHOUSE_CODEC_PORT: port } = config;
  const address = new URL(config.GATEHOUSE_CODEC_URL ?? `http://127.0.0.1:${port}`);
  const base = address.pathname.replace(/\/$/, '');
  const { origin: consoleOrigin } = new URL(config.GATEHOUSE_PUBLIC_URL);
  const log = openLog('gatehouse-codec', config.GATEHOUSE_LOG);
  const admit = createAdmit(new URL(config.GATEHOUSE_CODEC_API), (err) =>
    log.warn({ err }, 'the API could not be asked who may read'),
  );
  const sessionCookie = nameOfSessionCookie(consoleOrigin);

  const app = new Hono();
  // Asked by whoever watches over the process, under whatever name they have for it.
  app.get('/healthz', (c) => c.json({ status: 'ok' }));
  // A page elsewhere may give its own name this machine's address; it cannot give us its name.
  app.use(async (c, next) =>
    [address.host, `127.0.0.1:${port}`].includes(c.req.header('Host')?.toLowerCase() ?? '')
      ? next()
      : c.json({ message: 'not the address of this server' }, 421),
  );
  app.route(
    base || '/',
    createCodecPage({
      ...{ admit, sessionCookie },
      address: `${address.origin}${base}`,
      login: `${consoleOrigin}${paths.login}`,
    }),
  );
  app.route(
    base || '/',
    createCodecApp({
      ...{ admit, sessionCookie },
      codec: createPayloadCodec(readPayloadKeys(config.GATEHOUSE_PAYLOAD_KEYS)),
      uiOrigin: config.GATEHOUSE_TEMPORAL_UI ? new URL(config.GATEHOUSE_TEMPORAL_UI).origin : null,
    }),
  );
  const server = serve({ fetch: app.fetch, hostname, port }, () =>
    process.stdout.write('gatehouse-codec is ready\n'),
  ) as Server;
  server.requestTimeout = REQUEST_LIMIT_MS;
  server.once('error', fail);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop(server));
}

function stop(server: Server): void {
  server.close();
  server.closeIdleConnections();
  setTimeout(() => server.closeAllConnections(), CLOSE_WITHIN_MS).unref();
}

function fail(error: unknown): void {
  const text = (error as NodeJS.ErrnoException).code?.startsWith('E')
    ? (error as Error).message
    : publicMessage(error);
  process.stderr.write(`gatehouse-codec: ${text}\n`);
  process.exitCode = 1;
}
