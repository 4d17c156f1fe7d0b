import { statSync } from 'node:fs';

/** How long what was read is believed without looking, in milliseconds. */
const LOOK_EVERY_MS = 1_000;

/**
 * What a file says, read again once it was replaced: keys change without a restart. Read at once, so that a mistake is
 * found at the start; later a file that is missing or broken leaves what was known, and is logged.
 */
export function watchedFile<Content>(
  path: string,
  read: (path: string) => Content,
  log?: (message: string, cause: unknown) => void,
): () => Content {
  let version = versionOf(path);
  let content = read(path);
  let lookedAt = Date.now();
  return () => {
    if (Date.now() - lookedAt < LOOK_EVERY_MS) return content;
    lookedAt = Date.now();
    try {
      const found = versionOf(path);
      if (found !== version) {
        content = read(path);
        version = found;
      }
    } catch (error) {
      log?.('a key file was changed and cannot be read; the keys of before count', error);
    }
    return content;
  };
}

function versionOf(path: string): string {
  const { ino, mtimeNs, size } = statSync(path, { bigint: true, throwIfNoEntry: false }) ?? {};
  return `${ino} ${mtimeNs} ${size}`;
}
