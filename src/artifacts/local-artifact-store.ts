import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { GatehouseError } from '../domain/errors';
import { sha256 } from '../domain/hashing';
import { damaged, malformedName, missing, tooLarge } from './artifact-errors';
import type { ArtifactStore } from './artifact-store';

export interface LocalArtifactStoreOptions {
  /** Made with mode 0700 when absent. */
  folder: string;
  /** Largest artifact in bytes. @default 67_108_864 */
  maxBytes?: number;
}

/** Artifacts as files of one folder, named by their hash: `ab/abcdef…`. */
export function createLocalArtifactStore({
  folder,
  maxBytes = 64 * 1024 * 1024,
}: LocalArtifactStoreOptions): ArtifactStore {
  return {
    async put(content) {
      const bytes = typeof content === 'string' ? Buffer.from(content) : content;
      if (bytes.byteLength > maxBytes) throw tooLarge(bytes.byteLength, maxBytes);
      const hash = sha256(bytes);
      const path = pathOf(folder, hash);
      try {
        if (!(await holdsWhole(path, bytes.byteLength))) await write(folder, path, bytes);
      } catch (cause) {
        throw unavailable(cause);
      }
      return hash;
    },

    async get(hash) {
      if (!/^[0-9a-f]{64}$/.test(hash)) throw malformedName();
      let bytes: Buffer;
      try {
        bytes = await readFile(pathOf(folder, hash));
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw unavailable(cause);
        throw missing(hash, cause);
      }
      if (sha256(bytes) !== hash) throw damaged(hash);
      return bytes;
    },
  };
}

function pathOf(folder: string, hash: string): string {
  return join(folder, hash.slice(0, 2), hash);
}

/** Length alone decides: what was renamed into place is whole, and a damaged one is found when it is read. */
async function holdsWhole(path: string, length: number): Promise<boolean> {
  try {
    return (await stat(path)).size === length;
  } catch {
    return false;
  }
}

async function write(folder: string, path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
  const temporary = join(folder, `.new-${randomUUID()}`);
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function unavailable(cause: unknown): GatehouseError {
  return new GatehouseError(
    'artifact-store-unavailable',
    'the artifact store cannot be reached; look at its folder and its free space',
    { cause },
  );
}
