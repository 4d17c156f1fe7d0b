import { GatehouseError } from '../domain/errors';
import { type Signer, type Speaker, verifyWord, type Word } from './word-token';

/** Somebody whose word counts, and whether a signature proved it. */
export interface Identity extends Speaker {
  isVerified: boolean;
}

/** Says whose a word is. @throws GatehouseError `signature-required`, `signature-invalid`, `signature-expired` */
export type Identify = (
  word: Word,
  said: { by?: string | null; signature?: string | null },
) => Promise<Identity>;

export interface IdentifyDependencies {
  requiresSignatures(organizationId: string): Promise<boolean>;
  /** Whose key this is, within the organization; null for one that does not count. */
  findSigner(organizationId: string, thumbprint: string): Promise<Signer | null>;
  now(): number;
}

/** A signature counts wherever there is one; without one an organization takes people at their word, or refuses. */
export const createIdentify =
  ({ requiresSignatures, findSigner, now }: IdentifyDependencies): Identify =>
  async (word, { by, signature }) => {
    if (signature != null) {
      const speaker = await verifyWord(signature, word, (kid) => findSigner(word.organization, kid), now());
      return { ...speaker, isVerified: true };
    }
    if (await requiresSignatures(word.organization))
      throw new GatehouseError('signature-required', 'this organization accepts signed words only');
    return { person: by?.trim() || 'unknown', roles: [], isVerified: false };
  };
