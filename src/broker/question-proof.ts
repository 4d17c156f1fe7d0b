import { canonicalJson } from '../domain/canonical-json';
import { GatehouseError } from '../domain/errors';
import type { GrantClaims } from '../domain/grant';
import { sha256 } from '../domain/hashing';
import type { ProgramQuestion } from '../domain/program-question';
import type { GrantVerifier } from './grant';
import { readJws, signJws } from './jws';
import { publicJwk, publicKeyOf, type SigningKey, thumbprintOf } from './keys';

type UnprovenQuestion = Omit<ProgramQuestion, 'proof'>;

/** The proof that a question comes from the host that executes its call: signed with the key the grant is bound to. */
export function proveQuestion(
  question: UnprovenQuestion,
  grant: Pick<GrantClaims, 'sub' | 'jti'>,
  key: SigningKey,
): string {
  const header = { typ: PROOF_TYPE, jwk: publicJwk(key.publicKey) };
  return signJws(header, claimsOf(question, grant), key.privateKey);
}

/**
 * Checks that a question was asked by the host to which its call was granted, under that very grant. A grant may have
 * expired: that ends what may start with it, not what it started.
 *
 * @param grant the token that the workflow handed out for the call
 * @throws GatehouseError `proof-invalid`, `grant-…`
 */
export function verifyQuestion(
  { proof, ...question }: ProgramQuestion,
  {
    grant,
    verifier,
    runId,
    organizationId,
    now,
  }: { grant: string; verifier: GrantVerifier; runId: string; organizationId: string; now: number },
): void {
  const jws = readJws(proof);
  if (!jws || jws.header.typ !== PROOF_TYPE) throw invalid('cannot be read');
  const key = publicKeyOf(jws.header.jwk);
  if (!jws.isSignedBy(key)) throw invalid('does not have a valid signature');
  const { claims } = verifier.open(grant, { audience: 'activity', presenter: thumbprintOf(key), now });
  const granted = claims.calls.find(({ id }) => id === question.callId);
  if (claims.sub !== runId || claims.organization !== organizationId || !granted)
    throw invalid('is for another call');
  if (granted.effect === 'read' || granted.effect === 'propose')
    throw invalid('is for a call that may not ask');
  if (canonicalJson(jws.claims) !== canonicalJson(claimsOf(question, claims)))
    throw invalid('is for another question');
}

function claimsOf(
  { callId, number, question, options }: UnprovenQuestion,
  { sub, jti }: Pick<GrantClaims, 'sub' | 'jti'>,
) {
  return { run: sub, call: callId, grant: jti, number, textHash: sha256(canonicalJson([question, options])) };
}

const PROOF_TYPE = 'gatehouse-question+jwt';

function invalid(what: string): GatehouseError {
  return new GatehouseError('proof-invalid', `the proof of the question ${what}`);
}
