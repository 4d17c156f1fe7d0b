import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type RequestOptions } from 'node:https';
import type { TlsFiles } from '../broker/broker-address';
import type { EndpointAddress } from '../broker/endpoint-address';
import type { GatehouseError } from '../domain/errors';
import { closeServer, listen, listenOnSocket } from './listening';
import { clientTls, readMutualTls, serverTls } from './mutual-tls';

export interface EndpointOptions {
  address: EndpointAddress;
  /** For `https`: who asks must show a certificate too. */
  tls?: TlsFiles;
  handler: RequestListener;
  /** Longest that a request may take to come, in milliseconds. @default 30_000 */
  requestTimeoutMs?: number;
  /** Thrown when a process answers on the socket. */
  inUse: GatehouseError;
  /** Thrown when `https` comes without certificates. */
  tlsMissing: GatehouseError;
}

export interface Endpoint {
  /** Where it listens; of interest where the port was 0. */
  address: EndpointAddress;
  /** Refuses what is new, and waits for what is running. */
  close(): Promise<void>;
}

/** Most connections at once to one small server of ours. */
const MAX_CONNECTIONS = 512;

/** Listens for runners and sandbox hosts: on a socket of mode 0600, or by mutual TLS. */
export async function startEndpoint(options: EndpointOptions): Promise<Endpoint> {
  const { address, requestTimeoutMs = 30_000 } = options;
  const server = serverOf(options, Math.min(requestTimeoutMs, 5_000));
  server.requestTimeout = requestTimeoutMs;
  server.headersTimeout = Math.min(requestTimeoutMs, 10_000);
  server.maxConnections = MAX_CONNECTIONS;
  if (address.kind === 'tcp') {
    await listen(server, { host: address.host, port: address.port });
    const bound = server.address();
    const port = typeof bound === 'object' && bound !== null ? bound.port : address.port;
    return { address: { ...address, port }, close: () => closeServer(server) };
  }
  await listenOnSocket(server, address.path, options.inUse);
  return { address, close: () => closeServer(server) };
}

/** How a client reaches an endpoint. @throws GatehouseError what it is given for missing certificates */
export function reaching(
  address: EndpointAddress,
  tls: TlsFiles | undefined,
  tlsMissing: GatehouseError,
): RequestOptions {
  if (address.kind === 'socket') return { socketPath: address.path };
  const { host, port, isTls } = address;
  if (!isTls) return { host, port };
  if (!tls) throw tlsMissing;
  return { host, port, protocol: 'https:', ...clientTls(readMutualTls(tls)) };
}

function serverOf(
  { address, tls, handler, tlsMissing }: EndpointOptions,
  connectionsCheckingInterval: number,
): Server {
  if (address.kind !== 'tcp' || !address.isTls) return createServer({ connectionsCheckingInterval }, handler);
  if (!tls) throw tlsMissing;
  return createTlsServer(
    { ...serverTls(readMutualTls(tls)), handshakeTimeout: 10_000, connectionsCheckingInterval },
    handler,
  );
}
