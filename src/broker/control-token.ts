import type { KeyObject } from 'node:crypto';
import type { z } from 'zod';
import type { GatehouseError } from '../domain/errors';
import { readJws } from './jws';

/** A key that control signs or has signed with. */
export interface GrantKey {
  publicKey: KeyObject;
  /** Seconds since the epoch, when it was replaced: it counts for what was signed before only. Null for one in use. */
  retiredAt: number | null;
}

/** Finds a key by its RFC 7638 thumbprint. */
export type FindGrantKey = (thumbprint: string) => GrantKey | undefined;

/** How far the clocks of two hosts may be apart, in seconds. */
export const CLOCK_SKEW_S = 5;
/** How long control may take to sign with a new key once the old one is retired, in seconds. */
const KEY_CHANGE_S = 10;

/**
 * The claims of a token that control has signed, of one type.
 *
 * @param invalid makes the refusal of what was said to be wrong with it
 */
export function readControlToken<Claims extends { iat: number }>(
  token: string,
  type: string,
  schema: z.ZodType<Claims>,
  find: FindGrantKey,
  invalid: (what: string, cause?: unknown) => GatehouseError,
): Claims {
  const jws = readJws(token);
  if (!jws || jws.header.typ !== type) throw invalid('cannot be read');
  const key = typeof jws.header.kid === 'string' ? find(jws.header.kid) : undefined;
  if (!key) throw invalid('is signed with a key that is not known here');
  if (!jws.isSignedBy(key.publicKey)) throw invalid('does not have a valid signature');
  const parsed = schema.safeParse(jws.claims);
  if (!parsed.success) throw invalid('has claims that cannot be read', parsed.error);
  // INVARIANT: what a retired key signed is soon over, whatever date a thief would give it.
  if (key.retiredAt !== null && parsed.data.iat > key.retiredAt + KEY_CHANGE_S)
    throw invalid('is signed with a key that was retired before');
  return parsed.data;
}
