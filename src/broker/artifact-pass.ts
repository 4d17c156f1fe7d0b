import { z } from 'zod';
import { PASS_LIFETIME_S, type PassClaims, type PassVerb } from '../domain/artifact-pass';
import { GatehouseError } from '../domain/errors';
import { CLOCK_SKEW_S, type FindGrantKey, readControlToken } from './control-token';
import { signJws } from './jws';
import type { SigningKey } from './keys';

export interface PassMinter {
  /** The token of these claims. */
  mint(claims: PassClaims): string;
}

export interface PassVerifier {
  /**
   * The claims of a genuine pass, for this bearer or not, expired or not.
   *
   * @param now milliseconds since the epoch
   * @throws GatehouseError `artifact-pass-invalid`
   */
  open(token: string, now: number): PassClaims;
}

/** Signs passes with the key that signs grants; their types keep the two apart. */
export function createPassMinter(key: SigningKey | (() => SigningKey)): PassMinter {
  return {
    mint(claims) {
      const { privateKey, thumbprint } = typeof key === 'function' ? key() : key;
      return signJws({ typ: PASS_TYPE, kid: thumbprint }, passClaims.parse(claims), privateKey);
    },
  };
}

export function createPassVerifier({ find }: { find: FindGrantKey }): PassVerifier {
  return {
    open(token, now) {
      const claims = readControlToken(token, PASS_TYPE, passClaims, find, invalid);
      if (claims.iat > now / 1000 + CLOCK_SKEW_S) throw invalid('is dated in the future; compare the clocks');
      return claims;
    },
  };
}

/**
 * Whether a pass is good for this by whoever has proven to hold a key.
 *
 * @param presenter RFC 7638 thumbprint
 * @param keys those that control was configured with: a key it does not know any more shows nothing
 * @param now milliseconds since the epoch
 * @throws GatehouseError `artifact-pass-wrong-bearer`, `artifact-pass-wrong-verb`, `artifact-pass-expired`
 */
export function requireGood(
  claims: PassClaims,
  verb: PassVerb,
  {
    presenter,
    keys,
    now,
  }: { presenter: string; keys: { runner: string; sandboxes: ReadonlySet<string> }; now: number },
): void {
  const isOfRole = claims.role === 'runner' ? presenter === keys.runner : keys.sandboxes.has(presenter);
  if (!isOfRole || (claims.cnf !== null && claims.cnf.jkt !== presenter))
    throw new GatehouseError(
      'artifact-pass-wrong-bearer',
      'the pass is not bound to the key that presents it',
    );
  const until = claims[verb];
  if (until === null)
    throw new GatehouseError('artifact-pass-wrong-verb', `the pass is not good for \`${verb}\``);
  if (until * 1000 <= now)
    throw new GatehouseError(
      'artifact-pass-expired',
      'the pass to the artifacts has expired; ask for another',
    );
}

const PASS_TYPE = 'gatehouse-artifacts+jwt';

const name = z.string().min(1).max(256);
const seconds = z.int().nonnegative();

const passClaims: z.ZodType<PassClaims> = z
  .strictObject({
    iss: z.literal('gatehouse'),
    sub: name,
    iat: seconds,
    organization: name,
    role: z.enum(['runner', 'sandbox']),
    cnf: z.strictObject({ jkt: z.string().regex(/^[\w-]{43}$/) }).nullable(),
    read: seconds.nullable(),
    write: seconds.nullable(),
  })
  .refine(
    ({ iat, read, write }) =>
      (read ?? iat) - iat <= PASS_LIFETIME_S.read && (write ?? iat) - iat <= PASS_LIFETIME_S.write,
    'a lifetime that control does not give',
  );

function invalid(what: string, cause?: unknown): GatehouseError {
  return new GatehouseError('artifact-pass-invalid', `the pass to the artifacts ${what}`, { cause });
}
