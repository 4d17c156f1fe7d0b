import { createMiddleware } from 'hono/factory';
import { matchedRoutes } from 'hono/route';
import type { Caller } from '../domain/caller';
import { GatehouseError } from '../domain/errors';
import { sha256 } from '../domain/hashing';
import { holdsScope } from '../domain/scopes';
import { type RouteScopes, routeKey } from './api-route';
import type { ApiDependencies } from './dependencies';
import type { ApiEnvironment } from './environment';
import type { RateLimit } from './rate-limit';

/**
 * Lets a request through to its route when its bearer is known and holds the route's scope. From here on there is a
 * caller, and commands for their organization alone.
 *
 * @param scopes asked for when the first request comes: all routes are there by then
 */
export const createAuthentication = (
  { authenticate, commandsOf }: Pick<ApiDependencies, 'authenticate' | 'commandsOf'>,
  limitOfKey: RateLimit,
  scopes: () => RouteScopes,
) =>
  createMiddleware<ApiEnvironment>(async (c, next) => {
    const method = c.req.method === 'HEAD' ? 'GET' : c.req.method;
    const route = matchedRoutes(c).find(
      (each) => each.method === method && scopes().has(routeKey(method, each.path)),
    );
    // Nothing is there: said by whoever answers in the end.
    if (!route) return next();
    const scope = scopes().get(routeKey(method, route.path))!;
    const bearer = bearerOf(c.req.header('authorization'));
    const caller = await authenticate(bearer);
    await limitOfKey.take(sha256(bearer));
    requireScope(caller, scope);
    c.set('caller', caller);
    c.set('commands', commandsOf(caller));
    c.set('log', c.get('log').child({ organization: caller.organizationId, person: caller.person }));
    return next();
  });

/** @throws GatehouseError `scope-missing` */
export function requireScope(caller: Caller, scope: Parameters<typeof holdsScope>[1]): void {
  if (holdsScope(caller.scopes, scope)) return;
  throw new GatehouseError(
    'scope-missing',
    `this needs the scope \`${scope}\`, which \`${caller.person}\` does not hold here`,
  );
}

/** @throws GatehouseError `credentials-missing` */
export function bearerOf(header: string | undefined): string {
  const bearer = /^Bearer +([^\s]+) *$/i.exec(header ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  throw new GatehouseError('credentials-missing', 'send an API key or a token as `Authorization: Bearer …`');
}
