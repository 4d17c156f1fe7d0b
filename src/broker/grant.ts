import { type KeyObject, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { effects } from '../domain/effect';
import { GatehouseError } from '../domain/errors';
import { GRANT_LIFETIME_S, type GrantAudience, type GrantClaims } from '../domain/grant';
import { CLOCK_SKEW_S, type FindGrantKey, readControlToken } from './control-token';
import { signJws } from './jws';
import type { SigningKey } from './keys';
import { thumbprintOf } from './keys';

export interface GrantMinter {
  /** The token of these claims; the same claims give the same token. */
  mint(claims: GrantClaims): string;
}

export interface GrantExpectation {
  audience: GrantAudience;
  /** RFC 7638 thumbprint of the key the presenter has proven to hold. */
  presenter: string;
  /** Milliseconds since the epoch. */
  now: number;
}

export interface OpenedGrant {
  claims: GrantClaims;
  /** Whether nothing may start with it any more; what it started before may still be asked for. */
  isExpired: boolean;
}

export interface GrantVerifier {
  /**
   * The claims of a grant that may start its calls now.
   *
   * @throws GatehouseError `grant-expired`, and what {@link open} throws
   */
  verify(token: string, expectation: GrantExpectation): GrantClaims;
  /**
   * The claims of a grant that is genuine and for this audience and presenter, expired or not.
   *
   * @throws GatehouseError `grant-invalid`, `grant-wrong-audience`, `grant-wrong-presenter`
   */
  open(token: string, expectation: GrantExpectation): OpenedGrant;
}

/**
 * Signs grants; only the control worker holds the key.
 *
 * @param key the one to sign with, or a function that gives the one of this moment
 */
export function createGrantMinter(key: SigningKey | (() => SigningKey)): GrantMinter {
  return {
    mint(claims) {
      const { privateKey, thumbprint } = typeof key === 'function' ? key() : key;
      const parsed = grantClaims.parse(claims);
      return signJws({ typ: GRANT_TYPE, kid: thumbprint }, parsed, privateKey);
    },
  };
}

/** Verifies grants signed by any of these keys (two while a key is being changed). */
export function createGrantVerifier(
  keys: { publicKeys: readonly KeyObject[] } | { find: FindGrantKey },
): GrantVerifier {
  const find = 'find' in keys ? keys.find : fixed(keys.publicKeys);

  function open(token: string, expectation: GrantExpectation): OpenedGrant {
    const claims = claimsOf(token, find);
    const nowS = expectation.now / 1000;
    if (claims.iat > nowS + CLOCK_SKEW_S) throw invalid('is dated in the future; compare the clocks');
    if (claims.exp <= claims.iat || claims.exp - claims.iat > GRANT_LIFETIME_S[claims.aud])
      throw invalid('has a lifetime that no gate gives');
    if (claims.aud !== expectation.audience)
      throw refusal('wrong-audience', `is for \`${claims.aud}\`, not for \`${expectation.audience}\``);
    if (!isSame(claims.cnf.jkt, expectation.presenter))
      throw refusal('wrong-presenter', 'is not bound to the key that presents it');
    return { claims, isExpired: claims.exp <= nowS };
  }

  return {
    open,
    verify(token, expectation) {
      const { claims, isExpired } = open(token, expectation);
      if (isExpired) throw expired();
      return claims;
    },
  };
}

/** The refusal of a grant that came too late. */
export function expired(): GatehouseError {
  return refusal('expired', 'has expired; the call is gated again');
}

/** `grant-<code>`, with a public text that starts with the grant. */
export function refusal(code: string, what: string, cause?: unknown): GatehouseError {
  return new GatehouseError(`grant-${code}`, `the grant ${what}`, { cause });
}

const GRANT_TYPE = 'gatehouse-grant+jwt';
const MAX_CALLS = 256;

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const gitObject = z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/);
const name = z.string().min(1).max(256);

const grantClaims: z.ZodType<GrantClaims> = z.strictObject({
  iss: z.literal('gatehouse'),
  sub: name,
  aud: z.enum(['channel', 'activity']),
  jti: name,
  iat: z.int().nonnegative(),
  exp: z.int().nonnegative(),
  cnf: z.strictObject({ jkt: z.string().regex(/^[\w-]{43}$/) }),
  organization: name,
  snapshot: hash,
  host: name,
  calls: z
    .array(
      z.strictObject({
        id: name,
        tool: name,
        argsHash: hash,
        effect: z.enum(effects),
        tree: gitObject.optional(),
        head: gitObject.optional(),
      }),
    )
    .min(1)
    .max(MAX_CALLS),
});

function fixed(publicKeys: readonly KeyObject[]): FindGrantKey {
  const keys = new Map(
    publicKeys.map((publicKey) => [thumbprintOf(publicKey), { publicKey, retiredAt: null }]),
  );
  return (thumbprint) => keys.get(thumbprint);
}

function claimsOf(token: string, find: FindGrantKey): GrantClaims {
  const claims = readControlToken(token, GRANT_TYPE, grantClaims, find, invalid);
  const ids = new Set(claims.calls.map((call) => call.id));
  if (ids.size !== claims.calls.length) throw invalid('names a call twice');
  return claims;
}

function invalid(what: string, cause?: unknown): GatehouseError {
  return refusal('invalid', what, cause);
}

function isSame(one: string, other: string): boolean {
  const left = Buffer.from(one);
  const right = Buffer.from(other);
  return left.length === right.length && timingSafeEqual(left, right);
}
