import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadKey, loadOrMakeKey, type SigningKey } from '../broker/keys';

/**
 * The key that a person signs with, `<folder>/person-….jwk` with mode 0600; made on first use. Its public half stands
 * beside it.
 *
 * @throws GatehouseError `key-unreadable`, `key-exposed`
 */
export function loadOrMakePersonKey(folder: string, organizationId: string, person: string): SigningKey {
  return loadOrMakeKey(folder, fileName(organizationId, person));
}

/** The same, null where there is none. @throws GatehouseError `key-unreadable`, `key-exposed` */
export function loadPersonKey(folder: string, organizationId: string, person: string): SigningKey | null {
  const path = join(folder, `${fileName(organizationId, person)}.jwk`);
  return existsSync(path) ? loadKey(path) : null;
}

/** Names of people may hold what names of files may not; two never share a file. */
function fileName(organizationId: string, person: string): `person-${string}` {
  const readable = person.replace(/[^A-Za-z0-9_-]+/g, '-').slice(0, 40);
  const unique = createHash('sha256')
    .update(JSON.stringify([organizationId, person]))
    .digest('hex')
    .slice(0, 12);
  return `person-${readable}-${unique}`;
}
