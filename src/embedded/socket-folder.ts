import { chmod, lstat, mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '../domain/hashing';
import type { HostEnvironment } from './programs';

/** Systems cut or refuse longer socket paths: 108 bytes on Linux, 104 on macOS, the end mark included. */
const MAX_SOCKET_PATH_BYTES = 100;

/**
 * Where the socket `name` of this data folder goes: into its `run` folder, or, where that path is too long, into a short
 * folder of the user's runtime or temporary folder that nobody else can enter.
 */
export async function socketPath(
  dataDir: string,
  name: string,
  environment: HostEnvironment,
): Promise<string> {
  const inside = join(dataDir, 'run', name);
  if (isShort(inside)) {
    await mkdir(join(dataDir, 'run'), { recursive: true, mode: 0o700 });
    return inside;
  }
  const base = [environment.XDG_RUNTIME_DIR, environment.TMPDIR, tmpdir(), '/tmp'].find(
    (folder): folder is string =>
      folder !== undefined && folder !== '' && isShort(join(folder, 'x'.repeat(40))),
  );
  return join(await privateFolder(base ?? '/tmp', `gatehouse-${sha256(dataDir).slice(0, 10)}`), name);
}

/** INVARIANT: a folder that somebody else made in a shared place is never used. */
async function privateFolder(base: string, name: string): Promise<string> {
  const folder = join(base, name);
  await mkdir(folder, { mode: 0o700 }).catch(() => undefined);
  const found = await lstat(folder).catch(() => null);
  if (!found?.isDirectory() || found.uid !== process.getuid?.()) return mkdtemp(`${folder}-`);
  await chmod(folder, 0o700);
  return folder;
}

function isShort(path: string): boolean {
  return Buffer.byteLength(path) < MAX_SOCKET_PATH_BYTES;
}
