import { randomUUID } from 'node:crypto';
import { GatehouseError } from '../domain/errors';
import { isScope, type Scope } from '../domain/scopes';
import type { Database } from './database';
import type { ApiKey } from './generated/client';
import { recordOrganizationEvent } from './organization-audit';
import { rolesStillHeld } from './roles-still-held';

export type ApiKeyStore = ReturnType<typeof createApiKeyStore>;

/** An API key without its secret, of which only a hash is kept. */
export interface StoredApiKey {
  id: string;
  organizationId: string;
  name: string;
  /** Who speaks with it: decisions and audit name them. */
  person: string;
  roles: string[];
  scopes: Scope[];
  /** Milliseconds since the epoch. */
  createdAt: number;
  expiresAt: number | null;
  revokedAt: number | null;
}

export type NewApiKey = Pick<StoredApiKey, 'name' | 'person' | 'roles' | 'scopes' | 'expiresAt'>;

/** The API keys of an organization. Every change is audited in the name of who made it. */
export const createApiKeyStore = (database: Database, now: () => number = Date.now) => {
  const { client } = database;
  return database.guarded({
    /** @param hash hex sha-256 of the key @throws GatehouseError `organization-unknown` */
    async create(organizationId: string, key: NewApiKey, hash: string, by: string): Promise<StoredApiKey> {
      const at = now();
      const id = randomUUID();
      const { name, person, roles, scopes, expiresAt } = key;
      return client.$transaction(async (transaction) => {
        await recordOrganizationEvent(transaction, organizationId, {
          kind: 'api-key-created',
          at,
          body: { id, name, person, roles, scopes, expiresAt, by },
        });
        const row = await transaction.apiKey.create({
          data: {
            id,
            organizationId,
            name,
            person,
            roles,
            scopes,
            hash,
            createdAt: new Date(at),
            expiresAt: expiresAt === null ? null : new Date(expiresAt),
          },
        });
        return keyOf(row);
      });
    },

    /** Newest first, those that count no more included. */
    async list(organizationId: string): Promise<StoredApiKey[]> {
      const rows = await client.apiKey.findMany({
        where: { organizationId },
        orderBy: [{ createdAt: 'desc' }, { id: 'asc' }],
      });
      return rows.map(keyOf);
    },

    /** Nothing can be done with it from now on; one that is revoked stays so. @throws GatehouseError `api-key-unknown` */
    async revoke(organizationId: string, id: string, by: string): Promise<StoredApiKey> {
      const at = now();
      return client.$transaction(async (transaction) => {
        const { count } = await transaction.apiKey.updateMany({
          where: { id, organizationId, revokedAt: null },
          data: { revokedAt: new Date(at) },
        });
        const row = await transaction.apiKey.findFirst({ where: { id, organizationId } });
        if (!row) throw new GatehouseError('api-key-unknown', 'there is no API key of this id');
        if (count > 0)
          await recordOrganizationEvent(transaction, organizationId, {
            kind: 'api-key-revoked',
            at,
            body: { id, name: row.name, by },
          });
        return keyOf(row);
      });
    },

    /** The key of this hash, with the roles its person still has; null for none. */
    async findByHash(
      hash: string,
    ): Promise<{ key: StoredApiKey; hash: string; isPersonDisabled: boolean } | null> {
      const row = await client.apiKey.findUnique({ where: { hash } });
      if (!row) return null;
      const roles = await rolesStillHeld(client, row);
      return { key: { ...keyOf(row), roles: roles ?? [] }, hash: row.hash, isPersonDisabled: roles === null };
    },
  });
};

function keyOf(row: ApiKey): StoredApiKey {
  return {
    id: row.id,
    organizationId: row.organizationId,
    name: row.name,
    person: row.person,
    roles: row.roles,
    scopes: row.scopes.filter(isScope),
    createdAt: row.createdAt.getTime(),
    expiresAt: row.expiresAt?.getTime() ?? null,
    revokedAt: row.revokedAt?.getTime() ?? null,
  };
}
