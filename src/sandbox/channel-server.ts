import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { GatehouseError, publicMessage } from '../domain/errors';
import { READS_PATH } from './channel-client';
import { createProofChecker, PROOF_HEADER } from './channel-proof';
import type { Executor } from './execute';
import { bodyOf, closeServer, listen, listenOnSocket, sendJson } from './listening';
import { type MutualTls, serverTls } from './mutual-tls';

export interface ChannelOptions {
  executor: Pick<Executor, 'read'>;
  /** Largest request in bytes. @default 4_194_304 */
  maxBodyBytes?: number;
  now?(): number;
  log?(message: string, cause: unknown): void;
}

export interface ChannelServerOptions extends ChannelOptions {
  /** At most 107 bytes; its folder is made with mode 0700. */
  socketPath: string;
}

export interface TlsChannelServerOptions extends ChannelOptions {
  host: string;
  /** 0 for any that is free. */
  port: number;
  tls: MutualTls;
}

export interface ChannelServer {
  /** Refuses what is new, and waits for what is running. */
  close(): Promise<void>;
}

/**
 * Listens for granted reads. A socket left by a dead process is replaced, one that answers is not.
 *
 * @throws GatehouseError `channel-in-use`, `channel-address-invalid`
 */
export async function startChannelServer(options: ChannelServerOptions): Promise<ChannelServer> {
  const { socketPath } = options;
  if (Buffer.byteLength(socketPath) > MAX_SOCKET_PATH)
    throw new GatehouseError(
      'channel-address-invalid',
      `the channel's socket path is longer than ${MAX_SOCKET_PATH} bytes; choose a shorter data folder`,
    );
  const server = createServer(handlerOf(options));
  server.requestTimeout = 30_000;
  const inUse = new GatehouseError(
    'channel-in-use',
    "another sandbox worker answers on the channel's socket; stop it first",
  );
  await listenOnSocket(server, socketPath, inUse);
  return { close: () => closeServer(server) };
}

/**
 * Listens for granted reads from other machines, by mutual TLS: whoever has no certificate of the authority, or an expired
 * one, gets no answer. What a grant needs besides is the same.
 *
 * @throws GatehouseError `channel-address-invalid`
 */
export async function startTlsChannelServer(
  options: TlsChannelServerOptions,
): Promise<ChannelServer & { port: number }> {
  const { host, port, tls, log } = options;
  let server: TlsServer;
  try {
    server = createTlsServer(serverTls(tls), handlerOf(options));
    server.requestTimeout = 30_000;
    server.on('tlsClientError', (error) => log?.('a connection to the channel was refused', error));
    await listen(server, { host, port });
  } catch (cause) {
    throw new GatehouseError(
      'channel-address-invalid',
      'the channel cannot listen there with this certificate',
      { cause },
    );
  }
  return { port: (server.address() as AddressInfo).port, close: () => closeServer(server) };
}

/** What the kernel's address of a Unix socket holds, its closing zero left out. */
const MAX_SOCKET_PATH = 107;

const readsRequest = z.strictObject({
  grant: z.string(),
  pass: z.string().optional(),
  calls: z
    .array(z.strictObject({ id: z.string(), tool: z.string(), args: z.string() }))
    .min(1)
    .max(256),
});

function handlerOf({ executor, maxBodyBytes = 4 * 1024 * 1024, now, log = () => {} }: ChannelOptions) {
  const check = createProofChecker(now);

  async function answer(request: IncomingMessage, signal: AbortSignal): Promise<unknown> {
    if (request.method !== 'POST' || request.url !== READS_PATH)
      throw new GatehouseError('not-found', `the channel knows \`POST ${READS_PATH}\` only`);
    const body = await bodyOf(request, maxBodyBytes, 'a request on the channel');
    const proof = request.headers[PROOF_HEADER];
    const presenter = check(typeof proof === 'string' ? proof : undefined, {
      method: 'POST',
      path: READS_PATH,
      body,
    });
    const reads = readsOf(body);
    return { outcomes: await executor.read({ ...reads, audience: 'channel', presenter }, signal) };
  }

  return (request: IncomingMessage, response: ServerResponse) => {
    const gone = new AbortController();
    response.once('close', () => gone.abort(new GatehouseError('cancelled', 'the runner went away')));
    answer(request, gone.signal).then(
      (result) => sendJson(response, 200, result),
      (error) => {
        if (!(error instanceof GatehouseError)) log('a request on the channel failed', error);
        const code = error instanceof GatehouseError ? error.code : 'internal';
        sendJson(response, statusOf(code), { error: { code, message: publicMessage(error) } });
      },
    );
  };
}

function readsOf(body: Buffer) {
  try {
    return readsRequest.parse(JSON.parse(body.toString('utf8')));
  } catch (cause) {
    throw new GatehouseError('request-malformed', 'the request on the channel cannot be read', { cause });
  }
}

function statusOf(code: string): number {
  if (code === 'proof-invalid' || code === 'key-unreadable') return 401;
  if (code.startsWith('grant-')) return 403;
  if (code === 'not-found') return 404;
  if (code === 'request-too-large') return 413;
  return code === 'request-malformed' ? 400 : 500;
}
