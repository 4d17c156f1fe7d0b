import type { Caller } from '../domain/caller';
import { GatehouseError } from '../domain/errors';
import type { ApiKeyStore } from '../store/api-key-store';
import { hasHash, hashOfToken, makeSecretToken } from './secret-token';

/** What every API key begins with, so that one is known as such wherever it is found. */
export const API_KEY_PREFIX = 'gatehouse_';

const API_KEY = /^gatehouse_[A-Za-z0-9_-]{43}$/;

/** A new API key: shown once, never kept. */
export function makeApiKey(): { key: string; hash: string } {
  const key = makeSecretToken(API_KEY_PREFIX);
  return { key, hash: hashOfToken(key) };
}

/**
 * Who calls with this API key.
 *
 * @throws GatehouseError `credentials-invalid`, `credentials-expired`
 */
export async function callerOfApiKey(
  apiKey: string,
  keys: Pick<ApiKeyStore, 'findByHash'>,
  now: () => number = Date.now,
): Promise<Caller> {
  if (!API_KEY.test(apiKey)) throw unknownKey();
  const found = await keys.findByHash(hashOfToken(apiKey));
  if (!found || !hasHash(apiKey, found.hash)) throw unknownKey();
  const { id, organizationId, person, name, roles, scopes, expiresAt, revokedAt } = found.key;
  if (revokedAt !== null || found.isPersonDisabled)
    throw new GatehouseError('credentials-invalid', 'this API key was revoked; ask for another');
  if (expiresAt !== null && expiresAt <= now())
    throw new GatehouseError('credentials-expired', 'this API key has expired; ask for another');
  return { organizationId, person: person || name, roles, scopes, proof: 'api-key', apiKeyId: id };
}

function unknownKey(): GatehouseError {
  return new GatehouseError('credentials-invalid', 'there is no such API key');
}
