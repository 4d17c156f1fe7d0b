import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, link, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { GatehouseError } from '../domain/errors';
import { isAlive, type ProcessRecord, processIdentity, readProcessRecord } from './process-identity';

export interface DataDirectory {
  /** Absolute. */
  readonly path: string;
  release(): Promise<void>;
}

/**
 * Makes the data folder (mode 0700) if it is missing and locks it for this process. The lock of a process that was
 * killed does not count. Throws `data-dir-not-writable` or `data-dir-in-use`.
 */
export async function openDataDirectory(folder: string): Promise<DataDirectory> {
  const path = resolve(folder);
  const lock = join(path, 'lock.json');
  const own: ProcessRecord = {
    pid: process.pid,
    identity: (await processIdentity(process.pid)) ?? 'unknown',
  };
  const draft = join(path, `lock.${randomUUID()}`);
  try {
    await makeFolder(path);
    await chmod(path, 0o700);
    await writeFile(draft, JSON.stringify(own), { mode: 0o600 });
  } catch (cause) {
    throw notWritable(path, cause);
  }
  try {
    await takeLock(path, lock, draft);
  } finally {
    await rm(draft, { force: true });
  }
  return { path, release: () => rm(lock, { force: true }) };
}

/** That a part of a data folder, or all of it, cannot be written, and why. */
export function notWritable(path: string, cause: unknown): GatehouseError {
  return new GatehouseError(
    'data-dir-not-writable',
    `the data folder \`${path}\` cannot be written (${reasonOf(cause)}): free or repair it, or name another with \`GATEHOUSE_DATA\``,
    { cause },
  );
}

// Not mkdir's own `recursive`: Node's never returns where a folder that is there refuses to hold another (/proc).
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return;
    if (code !== 'ENOENT' || existsSync(dirname(path))) throw error;
    await makeFolder(dirname(path));
    await mkdir(path, { mode: 0o700 });
  }
}

// A link appears with its content or not at all, so nobody ever reads half a lock.
async function takeLock(path: string, lock: string, draft: string): Promise<void> {
  for (let attempt = 0; attempt < 10; attempt += 1) {
    if (await linkIfAbsent(draft, lock)) return;
    const holder = await readProcessRecord(lock);
    if (holder !== null && (await isAlive(holder))) throw inUse(path, holder.pid);
    await removeStale(lock, holder);
  }
  throw inUse(path, null);
}

// Another starter may have replaced the stale lock by its own since we read it: what was moved aside is looked at
// again, and put back if it is alive.
async function removeStale(lock: string, seen: ProcessRecord | null): Promise<void> {
  const aside = `${lock}.${randomUUID()}`;
  try {
    await rename(lock, aside);
  } catch {
    return;
  }
  const moved = await readProcessRecord(aside);
  if (moved !== null && moved.pid !== seen?.pid && (await isAlive(moved))) await linkIfAbsent(aside, lock);
  await rm(aside, { force: true });
}

async function linkIfAbsent(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function inUse(path: string, pid: number | null): GatehouseError {
  const by = pid === null ? 'another process' : `process ${pid}`;
  return new GatehouseError(
    'data-dir-in-use',
    `the data folder \`${path}\` is in use by ${by}: use that one, stop it, or name another folder with \`GATEHOUSE_DATA\``,
  );
}

function reasonOf(cause: unknown): string {
  switch ((cause as NodeJS.ErrnoException).code) {
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'EROFS':
      return 'the disk is read-only';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'the disk is full';
    case 'ENOTDIR':
    case 'EEXIST':
      return 'a file is in its place';
    default:
      return 'the disk refused';
  }
}
