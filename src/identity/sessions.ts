import type { Caller } from '../domain/caller';
import type { SessionStore } from '../store/session-store';
import { hashOfToken, makeSecretToken } from './secret-token';

export type Sessions = ReturnType<typeof createSessions>;

/** How long a browser stays logged in, in milliseconds. */
export const SESSION_LIFETIME_MS = 12 * 60 * 60 * 1000;

const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/**
 * Browsers that are logged in: a random token in a cookie, of which the database keeps the hash. A session may do what
 * whoever began it could, until it expires, is ended, its person is disabled, or the API key it was begun with counts no more.
 */
export const createSessions = (sessions: SessionStore, now: () => number = Date.now) => ({
  /** Begins one for somebody who was authenticated by an API key or a token. @returns what goes into the cookie */
  async begin({
    organizationId,
    person,
    roles,
    scopes,
    apiKeyId,
  }: Caller): Promise<{ token: string; expiresAt: number }> {
    const token = makeSecretToken();
    const expiresAt = now() + SESSION_LIFETIME_MS;
    await sessions.create({
      id: hashOfToken(token),
      organizationId,
      person,
      roles: [...roles],
      scopes: [...scopes],
      expiresAt,
      apiKeyId: apiKeyId ?? null,
    });
    return { token, expiresAt };
  },

  /** Whose session this is; null where the token is none that counts. */
  async callerOf(token: string | undefined): Promise<Caller | null> {
    if (token === undefined || !TOKEN.test(token)) return null;
    const session = await sessions.find(hashOfToken(token));
    if (!session) return null;
    const { organizationId, person, roles, scopes } = session;
    return { organizationId, person, roles, scopes, proof: 'session' };
  },

  /** Logs out. */
  async end(token: string): Promise<void> {
    await sessions.remove(hashOfToken(token));
  },

  /** Logs a person out everywhere. @returns how many sessions ended */
  endAllOf(organizationId: string, person: string): Promise<number> {
    return sessions.removeAllOf(organizationId, person);
  },
});
