import type { PassMinter } from '../src/broker/artifact-pass';
import {
  type ArtifactPass,
  PASS_LIFETIME_S,
  type PassBearer,
  type PassClaims,
  type PassRequest,
} from '../src/domain/artifact-pass';
import { GatehouseError } from '../src/domain/errors';
import { toFailure } from './failures';

export interface ArtifactPassDependencies {
  minter: PassMinter;
  /** RFC 7638 thumbprints of the keys that may show passes. */
  presenters: { runner: string; sandboxes: ReadonlySet<string> };
  now(): number;
}

/** Passes to the artifacts of the run that asks, for its runner and its sandbox host. They stand in its history. */
export const createArtifactPasses = ({ minter, presenters, now }: ArtifactPassDependencies) => ({
  async artifactPass({ runId, organizationId, bearer }: PassRequest): Promise<ArtifactPass> {
    try {
      const iat = Math.floor(now() / 1000);
      const token = minter.mint({
        ...{ iss: 'gatehouse', sub: runId, iat, organization: organizationId },
        ...termsOf(bearer, iat, presenters),
      });
      return { token, usableUntil: (iat + PASS_LIFETIME_S.read) * 1000 };
    } catch (error) {
      throw toFailure(error);
    }
  },
});

/** INVARIANT: a pass is bound to keys that control was configured with, never to one that a run merely names. */
function termsOf(
  bearer: PassBearer,
  iat: number,
  presenters: ArtifactPassDependencies['presenters'],
): Pick<PassClaims, 'role' | 'cnf' | 'read' | 'write'> {
  const read = iat + PASS_LIFETIME_S.read;
  const write = iat + PASS_LIFETIME_S.write;
  switch (bearer.role) {
    case 'runner':
      return { role: 'runner', cnf: { jkt: presenters.runner }, read, write: null };
    case 'sandbox':
      if (!presenters.sandboxes.has(bearer.keyThumbprint))
        throw new GatehouseError(
          'presenter-unknown',
          'the sandbox host of this run is not known to the control worker, and gets no pass to its artifacts',
        );
      return { role: 'sandbox', cnf: { jkt: bearer.keyThumbprint }, read, write };
    case 'any-sandbox':
      return { role: 'sandbox', cnf: null, read: bearer.mayRead ? read : null, write };
    default:
      return bearer satisfies never;
  }
}
