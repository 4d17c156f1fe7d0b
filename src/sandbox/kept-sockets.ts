import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A Unix socket in a folder of its own, with a server on it that answers nothing until somebody listens. */
export interface ListeningSocket {
  path: string;
  server: Server;
}

/** Sockets that are kept from one call of a run to its next, so that both find it at the same place. */
export interface KeptSockets {
  take(runId: string): Promise<ListeningSocket>;
  /** The call has ended: whoever is still connected is cut off. */
  giveBack(runId: string, socket: ListeningSocket): void;
}

/** How many are kept, and for how long: longer than a sandbox that has one mounted. */
const AT_MOST = 50;
const KEPT_FOR_MS = 10 * 60_000;

export function createKeptSockets(): KeptSockets {
  const kept = new Map<string, { socket: ListeningSocket; expiry: NodeJS.Timeout }>();

  function drop(runId: string): ListeningSocket | undefined {
    const found = kept.get(runId);
    kept.delete(runId);
    clearTimeout(found?.expiry);
    return found?.socket;
  }

  return {
    async take(runId) {
      const socket = drop(runId) ?? (await listen());
      socket.server.ref();
      return socket;
    },

    giveBack(runId, socket) {
      socket.server.closeAllConnections();
      // Calls of one run may end at once.
      if (kept.has(runId) || kept.size >= AT_MOST) return void close(socket);
      socket.server.unref();
      const expiry = setTimeout(() => void close(drop(runId)), KEPT_FOR_MS).unref();
      kept.set(runId, { socket, expiry });
    },
  };
}

const MAX_CONNECTIONS = 16;

async function listen(): Promise<ListeningSocket> {
  const server = createServer();
  server.maxConnections = MAX_CONNECTIONS;
  server.requestTimeout = 30_000;
  server.maxHeadersCount = 50;
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-ask-'));
  removeAtExit(folder);
  const path = join(folder, 'ask.sock');
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
  } catch (error) {
    await remove(folder);
    throw error;
  }
  return { path, server };
}

async function close(socket: ListeningSocket | undefined): Promise<void> {
  if (!socket) return;
  const closed = new Promise<void>((resolve) => socket.server.close(() => resolve()));
  socket.server.closeAllConnections();
  await closed;
  await remove(join(socket.path, '..'));
}

const folders = new Set<string>();
let isWatched = false;

function removeAtExit(folder: string): void {
  if (!isWatched) process.once('exit', removeAll);
  isWatched = true;
  folders.add(folder);
}

function removeAll(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

async function remove(folder: string): Promise<void> {
  folders.delete(folder);
  await rm(folder, { recursive: true, force: true });
}
