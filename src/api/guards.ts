import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context } from 'hono';
import { createMiddleware } from 'hono/factory';
import { GatehouseError } from '../domain/errors';
import type { ApiEnvironment } from './environment';
import type { RateLimit } from './rate-limit';

const LOOPBACK_HOST = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;
const LOOPBACK_ADDRESS = /^(127\.|::1$|::ffff:127\.)/;

/**
 * Refuses requests for another host, as a page sends them whose name was made to point here, and requests that a page of
 * another origin sends.
 */
export const createHostGuard = (allowedHosts: readonly string[]) => {
  const isAllowed = (host: string | null) =>
    host !== null && (LOOPBACK_HOST.test(host) || allowedHosts.includes(host));
  return createMiddleware<ApiEnvironment>((c, next) => {
    if (!isAllowed(hostOf(c)))
      throw new GatehouseError('host-refused', 'this process does not answer for that host');
    const origin = c.req.header('origin');
    if (origin !== undefined && !isAllowed(hostnameOf(origin)))
      throw new GatehouseError('origin-refused', 'pages of another origin may not ask here');
    return next();
  });
};

/** Counts requests of one address, those that nobody is known for included. */
export const createAddressGuard = (limit: RateLimit) =>
  createMiddleware<ApiEnvironment>(async (c, next) => {
    await limit.take(addressOf(c) ?? 'unknown');
    return next();
  });

/** Whether this machine itself asks, and not through a proxy that has another name. */
export function isFromLoopback(c: Context<ApiEnvironment>): boolean {
  const forwarded = c.req.header('x-forwarded-for') ?? c.req.header('forwarded');
  return (
    forwarded === undefined &&
    LOOPBACK_ADDRESS.test(addressOf(c) ?? '') &&
    LOOPBACK_HOST.test(hostOf(c) ?? '')
  );
}

/** Nothing of the API is for other pages to show, guess at or keep. */
export const securityHeaders = createMiddleware<ApiEnvironment>(async (c, next) => {
  c.header('X-Content-Type-Options', 'nosniff');
  c.header('X-Frame-Options', 'DENY');
  c.header('Referrer-Policy', 'no-referrer');
  c.header('Cross-Origin-Resource-Policy', 'same-origin');
  c.header('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'");
  c.header('Cache-Control', 'no-store');
  await next();
});

function hostOf(c: Context<ApiEnvironment>): string | null {
  return hostnameOf(`http://${c.req.header('host') ?? new URL(c.req.url).host}`);
}

function hostnameOf(url: string): string | null {
  try {
    return new URL(url).hostname;
  } catch {
    return null;
  }
}

/** Null where a test asks the app itself. */
function addressOf(c: Context<ApiEnvironment>): string | null {
  if (c.env?.incoming === undefined) return null;
  return getConnInfo(c as Context).remote.address ?? null;
}
