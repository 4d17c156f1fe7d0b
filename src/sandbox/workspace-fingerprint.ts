import { createHash } from 'node:crypto';
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Past this many entries nothing is told: reading them would hold up every other run of this host. */
const MAX_ENTRIES = 5_000;

/** Below `.git`: what is added to it decides nothing until something else names it. */
const UNTOLD = new Set(['objects', 'logs']);

/**
 * Whether anything of a workspace changed since the last time, from what the file system keeps of each entry: the times
 * of change, which no program inside can set, size, mode and inode. Contents are not read and links are not followed.
 *
 * @returns hex sha-256; null where it cannot be told, for then it may have changed
 */
export function fingerprintOf(workspace: string): string | null {
  const hash = createHash('sha256');
  const folders = [''];
  let entries = 0;
  try {
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      for (const entry of readdirSync(join(workspace, folder), { withFileTypes: true })) {
        if (++entries > MAX_ENTRIES) return null;
        const path = join(folder, entry.name);
        const { ino, mode, size, mtimeNs, ctimeNs } = lstatSync(join(workspace, path), { bigint: true });
        hash.update(`${path}\0${ino} ${mode} ${size} ${mtimeNs} ${ctimeNs}\0`);
        if (entry.isDirectory() && !(folder === '.git' && UNTOLD.has(entry.name))) folders.push(path);
      }
    }
  } catch {
    return null;
  }
  return hash.digest('hex');
}
