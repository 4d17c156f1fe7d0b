import { randomBytes } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureRuntimeRole } from '../store/runtime-role';

/**
 * The database as our processes and commands get it: by a role that cannot rewrite the audit. Its password is kept
 * beside that of the owner, in a file of mode 0600, so that a data folder of before has one from its next start on.
 *
 * @returns the owner's own address where it may not make roles, which is warned of
 */
export async function runtimeDatabaseUrl(
  dataDir: string,
  ownerUrl: string,
  warn: (line: string) => void,
): Promise<string> {
  const url = new URL(ownerUrl);
  // Roles belong to the whole server, on which there may be other databases of ours.
  const role = `${decodeURIComponent(url.pathname.slice(1))}_runtime`.slice(0, 63);
  const password = await readOrMakePassword(join(dataDir, 'postgres.runtime.password'));
  if (!(await ensureRuntimeRole(ownerUrl, { role, password }))) {
    warn(
      'the user of `DATABASE_URL` may not create roles, so control works with its rights and could rewrite the audit; give it CREATEROLE',
    );
    return ownerUrl;
  }
  url.username = encodeURIComponent(role);
  url.password = password;
  return url.href;
}

async function readOrMakePassword(file: string): Promise<string> {
  const known = (await readFile(file, 'utf8').catch(() => '')).trim();
  const password = /^[\w-]{20,}$/.test(known) ? known : randomBytes(24).toString('base64url');
  if (password !== known) await writeFile(file, password, { mode: 0o600 });
  await chmod(file, 0o600);
  return password;
}
