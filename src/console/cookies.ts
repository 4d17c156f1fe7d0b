import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { CookieOptions } from 'hono/utils/cookie';

/** The cookies of one console. */
export type Cookies = ReturnType<typeof createCookies>;

/** `login`: of the form of the login page; `provider`: of a login that is under way elsewhere. */
type Purpose = 'session' | 'login' | 'provider';

/**
 * Cookies that no script reads and no other site's page sends along with a form. Over https their names hold them to
 * this host; over plain http, which is for loopback, their names hold the port, since cookies of a host know none.
 */
export function createCookies(origin: string) {
  const isSecure = new URL(origin).protocol === 'https:';
  const nameOf = (purpose: Purpose) => nameOfCookie(origin, purpose);
  // Lax, not strict: whoever follows a link to an approval is logged in there. Forms of others come without it.
  const options: CookieOptions = { path: '/', httpOnly: true, secure: isSecure, sameSite: 'Lax' };
  return {
    read: (c: Context, purpose: Purpose) => getCookie(c, nameOf(purpose)),
    write: (c: Context, purpose: Purpose, value: string, expiresAt?: number) =>
      setCookie(c, nameOf(purpose), value, {
        ...options,
        ...(expiresAt === undefined ? {} : { expires: new Date(expiresAt) }),
      }),
    clear: (c: Context, purpose: Purpose) =>
      deleteCookie(c, nameOf(purpose), { path: '/', secure: isSecure }),
  };
}

/** What the cookie of the console's session is called, by where people reach the console. */
export function nameOfSessionCookie(origin: string): string {
  return nameOfCookie(origin, 'session');
}

function nameOfCookie(origin: string, purpose: Purpose): string {
  const { protocol, port } = new URL(origin);
  return protocol === 'https:' ? `__Host-gatehouse-${purpose}` : `gatehouse-${purpose}-${port || '80'}`;
}

/** What every form carries: made from the cookie's secret, which pages of others neither know nor can have read. */
export function formToken(secret: string): string {
  return createHmac('sha256', secret).update('gatehouse console form').digest('base64url');
}

export function isFormToken(given: unknown, secret: string): boolean {
  if (typeof given !== 'string') return false;
  const [one, other] = [Buffer.from(given), Buffer.from(formToken(secret))];
  return one.length === other.length && timingSafeEqual(one, other);
}
