import { type PublicJwk, publicKeyOf } from '../broker/keys';
import { GatehouseError } from '../domain/errors';
import type { StoredPerson } from '../store/person-store';
import type { CommandDependencies } from './dependencies';
import { speakerOf } from './speaker';

type Dependencies = Pick<CommandDependencies, 'organizationId' | 'persons' | 'signer'>;

/** Longest name of a person or role, in characters. */
const MAX_NAME_LENGTH = 100;
const MAX_ROLES = 20;

/** The organization's people and their keys that count, by name. */
export const createListPeople =
  ({ organizationId, persons }: Pick<Dependencies, 'organizationId' | 'persons'>) =>
  (): Promise<StoredPerson[]> =>
    persons.list(organizationId);

/**
 * Adds a person or replaces their roles; one who was disabled counts again.
 *
 * @throws GatehouseError `person-malformed`, `speaker-other`
 */
export const createApplyPerson =
  (dependencies: Dependencies) =>
  async ({ name, roles, by }: { name: string; roles: string[]; by?: string }): Promise<void> => {
    const { organizationId, persons } = dependencies;
    const speaker = speakerOf(dependencies, by) ?? 'unknown';
    requireName('a person', name);
    if (roles.length > MAX_ROLES)
      throw new GatehouseError('person-malformed', `a person has at most ${MAX_ROLES} roles`);
    for (const role of roles) requireName('a role', role);
    await persons.apply(organizationId, { name, roles: [...new Set(roles)] }, speaker);
  };

/** Nothing of a person's counts from now on. @throws GatehouseError `person-unknown`, `speaker-other` */
export const createDisablePerson =
  (dependencies: Dependencies) =>
  async ({ name, by }: { name: string; by?: string }): Promise<void> => {
    const speaker = speakerOf(dependencies, by) ?? 'unknown';
    await dependencies.persons.disable(dependencies.organizationId, name, speaker);
  };

/**
 * Takes a person's public key: what its private half signs counts as theirs.
 *
 * @returns its RFC 7638 thumbprint
 * @throws GatehouseError `key-unreadable`, `key-taken`, `person-unknown`, `speaker-other`
 */
export const createAddKey =
  (dependencies: Dependencies) =>
  async ({ name, key, by }: { name: string; key: PublicJwk; by?: string }): Promise<string> => {
    const speaker = speakerOf(dependencies, by) ?? 'unknown';
    return dependencies.persons.addKey(dependencies.organizationId, name, publicKeyOf(key), speaker);
  };

/** Nothing that a key signs counts from now on. @throws GatehouseError `key-unknown`, `speaker-other` */
export const createRevokeKey =
  (dependencies: Dependencies) =>
  async ({ thumbprint, by }: { thumbprint: string; by?: string }): Promise<void> => {
    const speaker = speakerOf(dependencies, by) ?? 'unknown';
    await dependencies.persons.revokeKey(dependencies.organizationId, thumbprint, speaker);
  };

/** Names are signed, compared and shown: what looks like another name is none. */
function requireName(what: string, name: string): void {
  if (
    name.length <= MAX_NAME_LENGTH &&
    /^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N} ._@+-]*[\p{L}\p{M}\p{N}])?$/u.test(name)
  )
    return;
  throw new GatehouseError(
    'person-malformed',
    `the name of ${what} is made of letters, digits, \`.\`, \`_\`, \`@\`, \`+\`, \`-\` and single words between them, at most ${MAX_NAME_LENGTH} characters`,
  );
}
