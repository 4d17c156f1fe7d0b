/** The codec server of one machine: reads encrypted histories for the Temporal UI and CLI. On the loopback only. */
import { readFileSync } from 'node:fs';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { createCodecApp } from '../codec/codec-app';
import { createPayloadCodec } from '../codec/payload-codec';
import { readPayloadKeys } from '../codec/payload-keys';
import { createSignIn } from '../codec/sign-in';
import { codecConfig } from '../config';
import { publicMessage } from '../domain/errors';

const LOOPBACK = '127.0.0.1';

try {
  main();
} catch (error) {
  process.stderr.write(`gatehouse-codec: ${publicMessage(error)}\n`);
  process.exitCode = 1;
}

function main(): void {
  const config = codecConfig();
  const address = new URL(`http://${LOOPBACK}:${config.GATEHOUSE_CODEC_PORT}`);
  const signIn = createSignIn({ key: readFileSync(config.GATEHOUSE_CODEC_KEY, 'utf8').trim(), address });
  const app = new Hono();
  // A page elsewhere may give its own name this machine's address; it cannot give us its name.
  app.use(async (c, next) =>
    c.req.header('Host') === address.host
      ? next()
      : c.json({ message: 'not the address of this server' }, 421),
  );
  app.route('/', signIn.app);
  app.route(
    '/',
    createCodecApp({
      codec: createPayloadCodec(readPayloadKeys(config.GATEHOUSE_PAYLOAD_KEYS)),
      authenticate: signIn.authenticate,
      uiOrigin: config.GATEHOUSE_TEMPORAL_UI ? new URL(config.GATEHOUSE_TEMPORAL_UI).origin : null,
    }),
  );
  const server = serve({ fetch: app.fetch, hostname: LOOPBACK, port: config.GATEHOUSE_CODEC_PORT }, () =>
    process.stdout.write('gatehouse-codec is ready\n'),
  );
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => server.close());
}
