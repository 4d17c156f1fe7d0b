import { isScope, type Scope } from '../domain/scopes';
import type { Database } from './database';
import { rolesStillHeld } from './roles-still-held';

export type SessionStore = ReturnType<typeof createSessionStore>;

/** A browser that is logged in; `id` is the hash of what its cookie holds. */
export interface StoredSession {
  id: string;
  organizationId: string;
  person: string;
  roles: string[];
  scopes: Scope[];
  /** The API key it was begun with; null where it was begun otherwise. */
  apiKeyId: string | null;
  /** Milliseconds since the epoch. */
  createdAt: number;
  expiresAt: number;
}

export const createSessionStore = (database: Database, now: () => number = Date.now) => {
  const { client } = database;
  return database.guarded({
    /** Keeps a session; those of anybody that have expired are removed with it. */
    async create(session: Omit<StoredSession, 'createdAt'>): Promise<void> {
      await client.$transaction([
        client.session.deleteMany({ where: { expiresAt: { lte: new Date(now()) } } }),
        client.session.create({
          data: { ...session, createdAt: new Date(now()), expiresAt: new Date(session.expiresAt) },
        }),
      ]);
    },

    /** The session with the roles its person still has, unless it, its person or its API key counts no more. */
    async find(id: string): Promise<StoredSession | null> {
      const row = await client.session.findUnique({ where: { id }, include: { apiKey: true } });
      if (!row || row.expiresAt.getTime() <= now()) return null;
      if (row.apiKey && (row.apiKey.revokedAt !== null || isPast(row.apiKey.expiresAt, now()))) return null;
      const roles = await rolesStillHeld(client, row);
      if (roles === null) return null;
      return {
        id: row.id,
        organizationId: row.organizationId,
        person: row.person,
        roles,
        scopes: row.scopes.filter(isScope),
        apiKeyId: row.apiKeyId,
        createdAt: row.createdAt.getTime(),
        expiresAt: row.expiresAt.getTime(),
      };
    },

    /** Ends one; one that is not there stays so. */
    async remove(id: string): Promise<void> {
      await client.session.deleteMany({ where: { id } });
    },

    /** Ends all of a person. @returns how many */
    async removeAllOf(organizationId: string, person: string): Promise<number> {
      const { count } = await client.session.deleteMany({ where: { organizationId, person } });
      return count;
    },
  });
};

function isPast(at: Date | null, now: number): boolean {
  return at !== null && at.getTime() <= now;
}
