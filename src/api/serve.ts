import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { GatehouseError } from '../domain/errors';

export interface ListenOptions {
  fetch: Parameters<typeof createAdaptorServer>[0]['fetch'];
  host: string;
  /** 0 for any that is free. */
  port: number;
}

export interface Listening {
  url: URL;
  /** Takes no new requests, lets those that run end, and cuts off what still runs after five seconds. */
  close(): Promise<void>;
}

/** A request has to be here within this, in milliseconds; its answer may take as long as it likes. */
const REQUEST_LIMIT_MS = 60_000;
const CLOSE_WITHIN_MS = 5_000;

/** Serves over HTTP. @throws GatehouseError `port-in-use`, `address-unavailable` */
export async function listen({ fetch, host, port }: ListenOptions): Promise<Listening> {
  const server = createAdaptorServer({ fetch, hostname: host, overrideGlobalObjects: false }) as Server;
  server.requestTimeout = REQUEST_LIMIT_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(refusal(cause, host, port)));
    server.listen(port, host, resolve);
  });
  const { port: chosen } = server.address() as AddressInfo;
  return {
    url: new URL(`http://${host.includes(':') ? `[${host}]` : host}:${chosen}/`),
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const cut = setTimeout(() => server.closeAllConnections(), CLOSE_WITHIN_MS);
      await closed;
      clearTimeout(cut);
    },
  };
}

function refusal(cause: NodeJS.ErrnoException, host: string, port: number): GatehouseError {
  if (cause.code === 'EADDRINUSE')
    return new GatehouseError(
      'port-in-use',
      `port \`${port}\` is in use: stop what listens there, or set \`GATEHOUSE_API_PORT\``,
      { cause },
    );
  return new GatehouseError(
    'address-unavailable',
    `the API cannot listen on \`${host}\` port \`${port}\`; correct \`GATEHOUSE_API_HOST\` and \`GATEHOUSE_API_PORT\``,
    { cause },
  );
}
