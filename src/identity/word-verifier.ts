import type { KeyObject } from 'node:crypto';
import { thumbprintOf } from '../broker/keys';
import { GatehouseError } from '../domain/errors';
import { holdsScope, type Scope, scopesOf } from '../domain/scopes';
import { visibleText } from '../domain/visible-text';
import type { Identity } from '../policy/people-records';
import type { PersonStore } from '../store/person-store';
import { type Signer, verifyWord, type Word } from './word-token';

/** Says whose word something is. */
export interface WordVerifier {
  /**
   * Who said a word that is signed.
   *
   * @param mayBeSaidBy with one of these scopes; whoever signs with a key of their own needs it by their roles
   * @throws GatehouseError `signature-invalid`, `signature-expired`, `person-disabled`, `person-not-allowed`
   */
  verified(word: Word, signature: string, mayBeSaidBy: readonly Scope[]): Promise<Identity>;
  /**
   * Who somebody says they are, where that is enough. Somebody with a name that is known has the roles of that person;
   * anybody else is believed to have the right ones.
   *
   * @throws GatehouseError `person-disabled`
   */
  claimed(organizationId: string, by: string | null | undefined): Promise<Identity>;
}

/** @param apiKeys public keys of the API, which vouches for whom it has authenticated */
export function createWordVerifier({
  persons,
  apiKeys,
  now,
}: {
  persons: Pick<PersonStore, 'standing' | 'findByKey'>;
  apiKeys: readonly KeyObject[];
  now(): number;
}): WordVerifier {
  const byThumbprint = new Map(apiKeys.map((publicKey) => [thumbprintOf(publicKey), publicKey]));

  async function requireEnabled(organizationId: string, name: string) {
    const person = await persons.standing(organizationId, name);
    if (person?.isDisabled)
      throw new GatehouseError(
        'person-disabled',
        `\`${visibleText(name, 80)}\` is disabled: nothing they say counts`,
      );
    return person;
  }

  return {
    async verified(word, signature, mayBeSaidBy) {
      const findSigner = async (thumbprint: string): Promise<Signer | null> => {
        const publicKey = byThumbprint.get(thumbprint);
        if (publicKey) return { kind: 'api', publicKey };
        const found = await persons.findByKey(word.organization, thumbprint);
        return found ? { kind: 'person', ...found } : null;
      };
      const { person, roles, proof } = await verifyWord(signature, word, findSigner, now());
      // The API has looked at the scopes of whoever it authenticated.
      if (proof.kind === 'own-key') requireScope(person, roles, mayBeSaidBy);
      else await requireEnabled(word.organization, storable(person));
      return { by: storable(person), roles: [...roles], proof, isVerified: true };
    },

    async claimed(organizationId, by) {
      const name = storable(by?.trim() || 'unknown');
      const person = await requireEnabled(organizationId, name);
      return { by: name, roles: person?.roles ?? null, proof: { kind: 'none' }, isVerified: false };
    },
  };
}

/** Anybody may claim any name, also one that a database cannot hold as text. */
function storable(name: string): string {
  return visibleText(name, 200);
}

function requireScope(person: string, roles: readonly string[], wanted: readonly Scope[]): void {
  const held = scopesOf(roles);
  if (wanted.some((scope) => holdsScope(held, scope))) return;
  throw new GatehouseError(
    'person-not-allowed',
    `\`${visibleText(person, 80)}\` has no role that may say this; \`approver\` is one`,
  );
}
