import type { Context } from 'hono';

/** Hosts by which the machine itself is reached. */
const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

/**
 * Whether a request names the console by its own name. A page of somebody else that makes its name resolve to us
 * (rebinding) is told by it.
 */
export function isOwnHost(c: Context, origin: string): boolean {
  const host = c.req.header('host')?.toLowerCase() ?? '';
  const own = new URL(origin).host;
  return host === own || (LOOPBACK.test(own) && LOOPBACK.test(host) && portOf(host) === portOf(own));
}

/**
 * Whether a form was sent by a page of ours. Browsers say so themselves; the origin of a page that sends no referrer is
 * `null` in a form, and counts only with their word.
 */
export function isSentByOwnPage(c: Context, origin: string): boolean {
  const site = c.req.header('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin';
  return c.req.header('origin') === `${new URL(origin).protocol}//${c.req.header('host')?.toLowerCase()}`;
}

function portOf(host: string): string {
  return /:(\d+)$/.exec(host)?.[1] ?? '';
}
