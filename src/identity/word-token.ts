import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { readJws, signJws } from '../broker/jws';
import type { SigningKey } from '../broker/keys';
import { canonicalJson } from '../domain/canonical-json';
import { GatehouseError } from '../domain/errors';

/**
 * A person's word, signed: a compact JWS over exactly what is decided. The person's own key signs it, or that of the
 * API, which vouches for somebody it has authenticated.
 */
export interface Word {
  organization: string;
  run: string;
  /** What the word is about. */
  subject:
    | {
        kind: 'decision';
        approval: string;
        action: string;
        decision: 'approve' | 'deny';
        /** Hex sha-256 of the edited arguments' RFC 8785 JSON. */
        args?: string;
        /** Hex sha-256 of the reason. */
        reason?: string;
        /** The same action for the rest of the run. */
        scope?: 'once' | 'run';
      }
    | { kind: 'answer'; question: string /** Hex sha-256. */; answer: string }
    | { kind: 'top-up' /** Hex sha-256 of the budget's RFC 8785 JSON. */; budget: string }
    | { kind: 'revocation'; approval: string }
    | { kind: 'break-glass'; id: string /** Hex sha-256 of the request's RFC 8785 JSON. */; request: string };
}

/** Somebody whose word it is. */
export interface Speaker {
  person: string;
  roles: readonly string[];
}

/** Somebody whose word was verified, and by which key: by its RFC 7638 thumbprint. */
export interface VerifiedSpeaker extends Speaker {
  proof: { kind: 'own-key' | 'api'; key: string };
}

/** Longest that a signed word is good for, in seconds. */
export const WORD_LIFETIME_S = 15 * 60;

const WORD_TYPE = 'gatehouse-word+jwt';
/** Clocks of people's machines differ. */
const CLOCK_SKEW_S = 60;

const text = z.string().min(1).max(200);
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const wordClaims = z.strictObject({
  /** Who speaks. With a person's own key it is that person. */
  sub: text,
  /** Only the API says roles: those of whoever it authenticated. */
  roles: z.array(text).max(50).optional(),
  organization: text,
  run: text,
  subject: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('decision'),
      approval: text,
      action: hash,
      decision: z.enum(['approve', 'deny']),
      args: hash.optional(),
      reason: hash.optional(),
      scope: z.enum(['once', 'run']).optional(),
    }),
    z.strictObject({ kind: z.literal('answer'), question: text, answer: hash }),
    z.strictObject({ kind: z.literal('top-up'), budget: hash }),
    z.strictObject({ kind: z.literal('revocation'), approval: text }),
    z.strictObject({ kind: z.literal('break-glass'), id: text, request: hash }),
  ]),
  iat: z.number().int(),
  exp: z.number().int(),
});
type WordClaims = z.infer<typeof wordClaims>;

/** Signs a word with a person's own key. */
export function signWord(word: Word, person: string, key: SigningKey, nowMs: number): string {
  return signed({ ...times(nowMs), ...word, sub: person }, key);
}

/** Signs a word for somebody whom the API has authenticated. */
export function vouchForWord(word: Word, { person, roles }: Speaker, key: SigningKey, nowMs: number): string {
  return signed({ ...times(nowMs), ...word, sub: person, roles: [...roles] }, key);
}

/** Whose key signed: looked up by thumbprint. */
export type Signer =
  | { kind: 'person'; publicKey: KeyObject; person: string; roles: readonly string[] }
  | { kind: 'api'; publicKey: KeyObject };

/**
 * Who said this word, or why it does not count.
 *
 * @param findSigner by RFC 7638 thumbprint, within the word's organization; null for a key that is unknown or revoked
 * @throws GatehouseError `signature-invalid` for a foreign key, an altered word or another one than expected,
 *   `signature-expired`
 */
export async function verifyWord(
  token: string,
  expected: Word,
  findSigner: (thumbprint: string) => Promise<Signer | null>,
  nowMs: number,
): Promise<VerifiedSpeaker> {
  const jws = readJws(token);
  const parsed = wordClaims.safeParse(jws?.claims);
  if (!jws || !parsed.success || jws.header.typ !== WORD_TYPE || !isThumbprint(jws.header.kid))
    throw new GatehouseError('signature-invalid', 'the signature is no signed word of a person');
  const signer = await findSigner(jws.header.kid);
  if (!signer || !jws.isSignedBy(signer.publicKey))
    throw new GatehouseError(
      'signature-invalid',
      'this signature belongs to no approver of the organization',
    );
  const { sub, roles, iat, exp, ...word } = parsed.data;
  if (!isSame(word, expected))
    throw new GatehouseError('signature-invalid', 'the signature is of something else than what is said');
  const nowS = nowMs / 1000;
  if (exp - iat > WORD_LIFETIME_S || iat > nowS + CLOCK_SKEW_S || exp <= nowS)
    throw new GatehouseError('signature-expired', 'the signature has expired; sign again');
  switch (signer.kind) {
    case 'api':
      return { person: sub, roles: roles ?? [], proof: { kind: 'api', key: jws.header.kid } };
    case 'person':
      if (sub !== signer.person || roles !== undefined)
        throw new GatehouseError('signature-invalid', 'a key of one person signs for nobody else');
      return {
        person: signer.person,
        roles: signer.roles,
        proof: { kind: 'own-key', key: jws.header.kid },
      };
  }
}

/** Anything else is not even looked up: it is text from anybody. */
function isThumbprint(kid: unknown): kid is string {
  return typeof kid === 'string' && /^[A-Za-z0-9_-]{43}$/.test(kid);
}

function signed(claims: WordClaims, { privateKey, thumbprint }: SigningKey): string {
  return signJws({ typ: WORD_TYPE, kid: thumbprint }, wordClaims.parse(claims), privateKey);
}

function times(nowMs: number): { iat: number; exp: number } {
  const iat = Math.floor(nowMs / 1000);
  return { iat, exp: iat + WORD_LIFETIME_S };
}

function isSame(one: Word, other: Word): boolean {
  return canonicalJson(defined(one)) === canonicalJson(defined(other));
}

function defined(word: Word): unknown {
  return JSON.parse(JSON.stringify(word));
}
