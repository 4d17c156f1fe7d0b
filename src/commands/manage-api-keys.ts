import { scopesOf } from '../domain/scopes';
import { makeApiKey } from '../identity/api-keys';
import type { NewApiKey, StoredApiKey } from '../store/api-key-store';
import type { CommandDependencies } from './dependencies';

/** What a new key is to be; without scopes it gets those of its roles. */
export type ApiKeyRequest = Omit<NewApiKey, 'scopes'> & Partial<Pick<NewApiKey, 'scopes'>>;

/** The API keys of an organization. */
export const createManageApiKeys = ({
  organizationId,
  apiKeys,
}: Pick<CommandDependencies, 'organizationId' | 'apiKeys'>) => ({
  /** Newest first, those that count no more included. */
  list: (): Promise<StoredApiKey[]> => apiKeys.list(organizationId),

  /** @returns also the key itself, which nobody can show again */
  async create(request: ApiKeyRequest, by: string): Promise<{ apiKey: StoredApiKey; key: string }> {
    const { key, hash } = makeApiKey();
    const scopes = request.scopes ?? scopesOf(request.roles);
    return { apiKey: await apiKeys.create(organizationId, { ...request, scopes }, hash, by), key };
  },

  /** Nothing can be done with it from now on. @throws GatehouseError `api-key-unknown` */
  revoke: (id: string, by: string): Promise<StoredApiKey> => apiKeys.revoke(organizationId, id, by),
});
