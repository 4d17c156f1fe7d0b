import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { GatehouseError } from '../domain/errors';
import { sha256 } from '../domain/hashing';
import { damaged, MAX_ARTIFACT_BYTES, missing, requireName, tooLarge } from './artifact-errors';
import type { ServedArtifactStore } from './artifact-store';
import { stageFile } from './stage-file';

export interface LocalArtifactStoreOptions {
  /** Made with mode 0700 when absent. */
  folder: string;
  /** Largest artifact in bytes. @default 67_108_864 */
  maxBytes?: number;
}

const STAGED = '.new-';
/** What was staged and not kept for so long was left by a process that died, in milliseconds. */
const LEFT_AFTER_MS = 3_600_000;

/** Artifacts as files of one folder, named by their hash: `ab/abcdef…`. */
export function createLocalArtifactStore({
  folder,
  maxBytes = MAX_ARTIFACT_BYTES,
}: LocalArtifactStoreOptions): ServedArtifactStore {
  let tidied: Promise<void> | undefined;

  async function stage(hash: string, content: AsyncIterable<Uint8Array>) {
    const temporary = join(folder, `${STAGED}${randomUUID()}`);
    const bytes = await stageFile(temporary, content, { hash, maxBytes });
    return {
      bytes,
      async keep() {
        await mkdir(dirname(pathOf(folder, hash)), { recursive: true, mode: 0o700 });
        await rename(temporary, pathOf(folder, hash));
      },
      discard: () => rm(temporary, { force: true }),
    };
  }

  return {
    async put(content) {
      const bytes = typeof content === 'string' ? Buffer.from(content) : content;
      if (bytes.byteLength > maxBytes) throw tooLarge(bytes.byteLength, maxBytes);
      const hash = sha256(bytes);
      try {
        if (await holdsWhole(pathOf(folder, hash), bytes.byteLength)) return hash;
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await (await stage(hash, Readable.from([bytes]))).keep();
      } catch (cause) {
        throw unavailable(cause);
      }
      return hash;
    },

    async get(hash) {
      requireName(hash);
      let bytes: Buffer;
      try {
        bytes = await readFile(pathOf(folder, hash));
      } catch (cause) {
        throw unread(hash, cause);
      }
      if (sha256(bytes) !== hash) throw damaged(hash);
      return bytes;
    },

    async stage(hash, content) {
      requireName(hash);
      tidied ??= tidy(folder);
      await tidied;
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        const staged = await stage(hash, content);
        return { ...staged, keep: () => staged.keep().catch((cause) => Promise.reject(unavailable(cause))) };
      } catch (cause) {
        // The content's own failure, and the network's, are not the store's.
        throw (cause as NodeJS.ErrnoException).syscall === undefined || isOfNetwork(cause)
          ? cause
          : unavailable(cause);
      }
    },

    async open(hash) {
      requireName(hash);
      let file: FileHandle;
      try {
        file = await open(pathOf(folder, hash), constants.O_RDONLY | constants.O_NOFOLLOW);
      } catch (cause) {
        throw unread(hash, cause);
      }
      try {
        const found = await file.stat();
        // INVARIANT: only a file that the store made itself is handed out; a link, hard or soft, leads to another's.
        if (!found.isFile() || found.nlink !== 1 || found.size > maxBytes) throw damaged(hash);
        if ((await hashOf(file)) !== hash) throw damaged(hash);
        return { bytes: found.size, content: file.createReadStream({ start: 0 }) };
      } catch (error) {
        await file.close();
        throw error instanceof GatehouseError ? error : unavailable(error);
      }
    },
  };
}

function pathOf(folder: string, hash: string): string {
  return join(folder, hash.slice(0, 2), hash);
}

async function hashOf(file: FileHandle): Promise<string> {
  const digest = createHash('sha256');
  for await (const chunk of file.createReadStream({ start: 0, autoClose: false })) digest.update(chunk);
  return digest.digest('hex');
}

/** Length alone decides: what was renamed into place is whole, and a damaged one is found when it is read. */
async function holdsWhole(path: string, length: number): Promise<boolean> {
  try {
    return (await stat(path)).size === length;
  } catch {
    return false;
  }
}

async function tidy(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((each) => each.startsWith(STAGED))) {
    const path = join(folder, name);
    const age = Date.now() - ((await stat(path).catch(() => null))?.mtimeMs ?? Date.now());
    if (age > LEFT_AFTER_MS) await rm(path, { force: true });
  }
}

function isOfNetwork(cause: unknown): boolean {
  return ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes(
    (cause as NodeJS.ErrnoException).code ?? '',
  );
}

function unread(hash: string, cause: unknown): GatehouseError {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'ENOENT') return missing(hash, cause);
  return code === 'ELOOP' ? damaged(hash) : unavailable(cause);
}

function unavailable(cause: unknown): GatehouseError {
  return new GatehouseError(
    'artifact-store-unavailable',
    'the artifact store cannot be reached; look at its folder and its free space',
    { cause },
  );
}
