import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { GatehouseError } from '../domain/errors';
import type { FindGrantKey, GrantKey } from './control-token';
import { loadKey, loadOrMakeKey, publicJwk, publicKeyOf, thumbprintOf } from './keys';
import { watchedFile } from './watched-file';

/** What verifies grants: a JWK set (RFC 7517), beside the private key. */
export const GRANT_KEY_SET = 'grant.public.jwks';
const PRIVATE = 'grant.jwk';
const NEXT = 'next-grant';

/** A key of the set, as an operator sees it. */
export interface ListedGrantKey {
  id: string;
  state: 'signs' | 'next' | 'retired';
}

/**
 * The keys of a file by thumbprint: of a set, or the one of a single JWK.
 *
 * @throws GatehouseError `key-unreadable`
 */
export function readGrantKeys(path: string): Map<string, GrantKey> {
  const name = basename(path);
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw unreadable(name, cause);
  }
  const parsed = keySet.safeParse(content);
  const listed = parsed.success ? parsed.data.keys : [content as { retiredAt?: number }];
  return new Map(
    listed.map((jwk) => {
      const publicKey = publicKeyOf(jwk);
      return [
        thumbprintOf(publicKey),
        { publicKey, retiredAt: parsed.success ? (jwk.retiredAt ?? null) : null },
      ];
    }),
  );
}

/**
 * Finds keys in these files as they are at that moment.
 *
 * @throws GatehouseError `key-unreadable`
 */
export function watchGrantKeys(
  paths: readonly string[],
  log?: (message: string, cause: unknown) => void,
): FindGrantKey {
  const files = paths.map((path) => watchedFile(path, readGrantKeys, log));
  return (thumbprint) => {
    for (const keys of files) {
      const key = keys().get(thumbprint);
      if (key) return key;
    }
    return undefined;
  };
}

/**
 * As {@link watchGrantKeys}, for the process that signs: the key it signs with, and those of the set beside it.
 *
 * @throws GatehouseError `key-unreadable`, `key-exposed`
 */
export function watchOwnGrantKeys(
  privateKey: string,
  log?: (message: string, cause: unknown) => void,
): FindGrantKey {
  const current = watchedFile(privateKey, loadKey, log);
  const set = join(dirname(privateKey), GRANT_KEY_SET);
  const others = existsSync(set) ? watchGrantKeys([set], log) : () => undefined;
  return (id) => {
    const { publicKey, thumbprint } = current();
    return id === thumbprint ? { publicKey, retiredAt: null } : others(id);
  };
}

/**
 * The set of a folder with `grant.jwk`, made where there is none; the key that signs is always in it.
 *
 * @returns its path
 * @throws GatehouseError `key-unreadable`, `key-exposed`
 */
export function ensureGrantKeySet(folder: string): string {
  const path = join(folder, GRANT_KEY_SET);
  const { publicKey, thumbprint } = loadOrMakeKey(folder, 'grant');
  const keys = existsSync(path) ? readGrantKeys(path) : new Map<string, GrantKey>();
  if (keys.get(thumbprint)?.retiredAt !== null) {
    keys.set(thumbprint, { publicKey, retiredAt: null });
    writeSet(path, keys);
  }
  return path;
}

/** The keys of a folder, as {@link ensureGrantKeySet} keeps them. */
export function listGrantKeys(folder: string): ListedGrantKey[] {
  const { thumbprint } = loadKey(join(folder, PRIVATE));
  return [...readGrantKeys(join(folder, GRANT_KEY_SET))].map(([id, { retiredAt }]) => ({
    id,
    state: id === thumbprint ? 'signs' : retiredAt === null ? 'next' : 'retired',
  }));
}

/**
 * Makes the next key, which verifies from now on and signs nothing yet, so that every sandbox host can learn it first.
 *
 * @throws GatehouseError `grant-key-waiting` when there is one already
 */
export function addGrantKey(folder: string): void {
  const path = ensureGrantKeySet(folder);
  if (existsSync(join(folder, `${NEXT}.jwk`)))
    throw new GatehouseError('grant-key-waiting', 'there is a next key already; use it first');
  const { publicKey, thumbprint } = loadOrMakeKey(folder, NEXT);
  rmSync(join(folder, `${NEXT}.public.jwk`), { force: true });
  writeSet(path, readGrantKeys(path).set(thumbprint, { publicKey, retiredAt: null }));
}

/**
 * Has the next key sign from now on. The one before is retired: what it signed until now counts until it expires.
 *
 * @param now seconds since the epoch
 * @throws GatehouseError `grant-key-missing` when there is none
 */
export function useNextGrantKey(folder: string, now = Math.floor(Date.now() / 1000)): void {
  const next = join(folder, `${NEXT}.jwk`);
  if (!existsSync(next))
    throw new GatehouseError(
      'grant-key-missing',
      'there is no next key; add one, and let every host have it',
    );
  const path = ensureGrantKeySet(folder);
  const before = loadKey(join(folder, PRIVATE));
  const { publicKey, thumbprint } = loadKey(next);
  const keys = readGrantKeys(path).set(thumbprint, { publicKey, retiredAt: null });
  // The set first: broken off between the two, nothing new is granted until this is done again.
  writeSet(path, keys.set(before.thumbprint, { publicKey: before.publicKey, retiredAt: now }));
  renameSync(next, join(folder, PRIVATE));
  loadOrMakeKey(folder, 'grant');
}

/**
 * Forgets a retired key, or the next one: nothing that it signed is known any more.
 *
 * @throws GatehouseError `grant-key-unknown`, `grant-key-current`
 */
export function removeGrantKey(folder: string, id: string): void {
  const path = ensureGrantKeySet(folder);
  const keys = readGrantKeys(path);
  const listed = listGrantKeys(folder).find((key) => key.id === id);
  if (!listed)
    throw new GatehouseError('grant-key-unknown', `there is no grant key \`${id.slice(0, 64)}\`; list them`);
  if (listed.state === 'signs')
    throw new GatehouseError('grant-key-current', `the grant key \`${id}\` signs now; use another one first`);
  keys.delete(id);
  writeSet(path, keys);
  if (listed.state === 'next') rmSync(join(folder, `${NEXT}.jwk`), { force: true });
}

const keySet = z.object({
  keys: z.array(z.looseObject({ retiredAt: z.int().nonnegative().optional() })).min(1),
});

function writeSet(path: string, keys: ReadonlyMap<string, GrantKey>): void {
  const content = {
    keys: [...keys].map(([kid, { publicKey, retiredAt }]) => ({
      ...publicJwk(publicKey),
      kid,
      ...(retiredAt === null ? {} : { retiredAt }),
    })),
  };
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o644 });
  renameSync(draft, path);
}

function unreadable(name: string, cause: unknown): GatehouseError {
  return new GatehouseError('key-unreadable', `the key file \`${name}\` is missing or holds no keys`, {
    cause,
  });
}
