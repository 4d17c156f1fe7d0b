import { scopesOf } from '../domain/scopes';
import { makeApiKey } from '../identity/api-keys';
import type { ApiKeyStore } from '../store/api-key-store';
import type { OrganizationStore } from '../store/organization-store';

const ROLES = ['admin'];

export interface FirstAdministrator {
  /** What the organization is called everywhere. */
  organization: string;
  /** Who speaks with the key. */
  person: string;
}

/**
 * Makes an organization whose decisions must be signed, and a key of its administrator, who does everything else by the
 * API. One that exists stays as it is and gets a further key: that is for whoever holds the password of the database.
 */
export const createMakeOrganization =
  (organizations: Pick<OrganizationStore, 'create'>, apiKeys: Pick<ApiKeyStore, 'create'>) =>
  /** @returns the key, which nobody can show again */
  async ({ organization, person }: FirstAdministrator): Promise<string> => {
    const { id } = await organizations.create({ id: organization, name: organization });
    const { key, hash } = makeApiKey();
    await apiKeys.create(
      id,
      { name: 'first key', person, roles: ROLES, scopes: scopesOf(ROLES), expiresAt: null },
      hash,
      person,
    );
    return key;
  };
