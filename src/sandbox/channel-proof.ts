import { randomUUID } from 'node:crypto';
import { readJws, signJws } from '../broker/jws';
import { publicJwk, publicKeyOf, type SigningKey, thumbprintOf } from '../broker/keys';
import { GatehouseError } from '../domain/errors';
import { sha256 } from '../domain/hashing';

/** Header that carries the proof that the sender of a request holds its key. */
export const PROOF_HEADER = 'gatehouse-proof';

/** What a proof is bound to. */
export type ProvenRequest = { method: string; path: string } & (
  | { body: string | Uint8Array }
  /** Hex sha-256 of a body that is compared with it later, when it has come. */
  | { bodyHash: string }
);

/** A proof of possession, made for one request (in the manner of RFC 9449). */
export function proofOf(request: ProvenRequest, key: SigningKey, now = Date.now()): string {
  const header = { typ: PROOF_TYPE, jwk: publicJwk(key.publicKey) };
  const claims: ProofClaims = {
    htm: request.method,
    htu: request.path,
    bodyHash: bodyHashOf(request),
    iat: now,
    jti: randomUUID(),
  };
  return signJws(header, claims, key.privateKey);
}

/**
 * Checks proofs, each once.
 *
 * @returns a function from a proof and its request to the thumbprint of the key that made it
 * @throws GatehouseError `proof-invalid`
 */
export function createProofChecker(now: () => number = Date.now) {
  /** Ids seen in the time they could be used again, by when they may be forgotten. */
  const seen = new Map<string, number>();

  return (proof: string | undefined, request: ProvenRequest): string => {
    const jws = proof === undefined ? null : readJws(proof);
    if (!jws || jws.header.typ !== PROOF_TYPE) throw invalid('is missing or cannot be read');
    const key = publicKeyOf(jws.header.jwk);
    if (!jws.isSignedBy(key)) throw invalid('does not have a valid signature');
    const { htm, htu, bodyHash, iat, jti } = jws.claims as Partial<ProofClaims>;
    if (htm !== request.method || htu !== request.path || bodyHash !== bodyHashOf(request))
      throw invalid('is for another request');
    if (typeof iat !== 'number' || !(Math.abs(now() - iat) <= LIFETIME_MS))
      throw invalid('is too old or from the future; compare the clocks');
    if (typeof jti !== 'string' || jti.length > 64) throw invalid('has no id');
    for (const [id, until] of seen) {
      if (until > now()) break;
      seen.delete(id);
    }
    if (seen.has(jti)) throw invalid('was used before');
    seen.set(jti, now() + 2 * LIFETIME_MS);
    return thumbprintOf(key);
  };
}

function bodyHashOf(request: ProvenRequest): string {
  return 'bodyHash' in request ? request.bodyHash : sha256(request.body);
}

interface ProofClaims {
  htm: string;
  htu: string;
  bodyHash: string;
  /** Milliseconds since the epoch. */
  iat: number;
  jti: string;
}

const PROOF_TYPE = 'gatehouse-proof+jwt';
const LIFETIME_MS = 30_000;

function invalid(what: string): GatehouseError {
  return new GatehouseError('proof-invalid', `the proof of the sender's key ${what}`);
}
