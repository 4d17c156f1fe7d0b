import { chmod, mkdir, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { type AddressInfo, connect, type ListenOptions } from 'node:net';
import { dirname } from 'node:path';
import { z } from 'zod';
import { GatehouseError, publicMessage } from '../domain/errors';
import { READS_PATH } from './channel-client';
import { createProofChecker, PROOF_HEADER } from './channel-proof';
import { CHANNEL_TLS_VERSION, type ChannelTls } from './channel-tls';
import type { Executor } from './execute';

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
  tls: ChannelTls;
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
  await mkdir(dirname(socketPath), { recursive: true, mode: 0o700 });
  if (await answers(socketPath))
    throw new GatehouseError(
      'channel-in-use',
      "another sandbox worker answers on the channel's socket; stop it first",
    );
  await rm(socketPath, { force: true });
  const server = createServer(handlerOf(options));
  server.requestTimeout = 30_000;
  await listen(server, { path: socketPath });
  await chmod(socketPath, 0o600);
  return { close: () => close(server) };
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
    server = createTlsServer(
      {
        cert: tls.certificate,
        key: tls.privateKey,
        ca: tls.authority,
        requestCert: true,
        rejectUnauthorized: true,
        minVersion: CHANNEL_TLS_VERSION,
      },
      handlerOf(options),
    );
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
  return { port: (server.address() as AddressInfo).port, close: () => close(server) };
}

async function close(server: Server | TlsServer): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await closed;
}

/** What the kernel's address of a Unix socket holds, its closing zero left out. */
const MAX_SOCKET_PATH = 107;

const readsRequest = z.strictObject({
  grant: z.string(),
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
    const body = await bodyOf(request, maxBodyBytes);
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
      (result) => send(response, 200, result),
      (error) => {
        if (!(error instanceof GatehouseError)) log('a request on the channel failed', error);
        const code = error instanceof GatehouseError ? error.code : 'internal';
        send(response, statusOf(code), { error: { code, message: publicMessage(error) } });
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

async function bodyOf(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > maxBytes)
      throw new GatehouseError(
        'request-too-large',
        `a request on the channel holds at most ${maxBytes} bytes`,
      );
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (response.destroyed) return;
  const text = JSON.stringify(body);
  // What was refused unread is not waited for.
  const headers = status === 413 ? { connection: 'close' } : {};
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
}

function listen(server: Server | TlsServer, address: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, resolve);
  });
}

function answers(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
