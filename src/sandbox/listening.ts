import { chmod, mkdir, rm } from 'node:fs/promises';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import { connect, type ListenOptions } from 'node:net';
import { dirname } from 'node:path';
import { GatehouseError } from '../domain/errors';

// What our own small servers have in common: those that sandbox hosts, runners and programs ask.

/**
 * Listens on a socket of mode 0600, in a folder made with mode 0700. One left by a dead process is replaced.
 *
 * @param inUse thrown when a process answers there
 */
export async function listenOnSocket(server: Server, path: string, inUse: GatehouseError): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  if (await answers(path)) throw inUse;
  await rm(path, { force: true });
  await listen(server, { path });
  await chmod(path, 0o600);
}

export function listen(server: Server | TlsServer, address: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, resolve);
  });
}

/** Refuses what is new, and waits for what is running. */
export async function closeServer(server: Server | TlsServer): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await closed;
}

/** @param what the request, as who sent it is told. @throws GatehouseError `request-too-large` */
export async function bodyOf(request: IncomingMessage, maxBytes: number, what: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    if (length > maxBytes)
      throw new GatehouseError('request-too-large', `${what} holds at most ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Answers in JSON, unless nobody is there any more. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  if (response.destroyed) return;
  const text = JSON.stringify(body);
  response
    .writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      // What was refused unread is not waited for.
      ...(status === 413 ? { connection: 'close' } : {}),
      ...headers,
    })
    .end(text);
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
