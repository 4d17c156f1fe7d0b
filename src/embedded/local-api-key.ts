import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '../domain/hashing';
import type { Database } from '../store/database';

const NAME = 'local';

/**
 * Makes the key of the person who runs `up`, once: a random text in a file of mode 0600, of which the database keeps the
 * hash only.
 *
 * @returns the file
 */
export async function ensureLocalApiKey(
  dataDir: string,
  organizationId: string,
  database: Database,
): Promise<string> {
  const file = join(dataDir, 'api-key');
  const key = (await readFile(file, 'utf8').catch(() => '')).trim() || (await makeKey(file));
  await chmod(file, 0o600);
  const hash = sha256(key);
  await database.client.apiKey.upsert({
    where: { hash },
    create: {
      id: randomUUID(),
      organizationId,
      name: NAME,
      hash,
      person: NAME,
      // The last one is asked for by the example policies.
      roles: ['admin', 'operator', 'approver', 'senior-engineer'],
      scopes: ['admin'],
    },
    update: {},
  });
  return file;
}

async function makeKey(file: string): Promise<string> {
  const key = `gatehouse_${randomBytes(32).toString('base64url')}`;
  await writeFile(file, `${key}\n`, { mode: 0o600 });
  return key;
}
