import { createRoute, type RouteConfig } from '@hono/zod-openapi';
import { GatehouseError } from '../domain/errors';
import { isScope, type Scope } from '../domain/scopes';
import type { Api } from './environment';
import { problemSchema } from './problem';
import { type ProblemStatus, titleOf } from './statuses';

/** Name of the security scheme in the OpenAPI document. */
export const BEARER = 'bearer';
/** Where a route's scope stands in the OpenAPI document. */
export const SCOPE = 'x-gatehouse-scope';

type Described = Omit<RouteConfig, 'path' | 'tags' | 'security' | 'hide' | 'middleware'> & {
  path: `/v1/${string}`;
  summary: string;
};

/** What any route may answer instead. */
const EVERYWHERE: readonly ProblemStatus[] = [400, 401, 403, 421, 429, 500, 503];

/**
 * A route for those who are authenticated and hold a scope. This is the one place where that scope is said; the
 * document and the check both take it from here.
 *
 * @param problems statuses beside those that every route may answer
 */
export function apiRoute<Route extends Described>(
  { scope, tag, problems = [] }: { scope: Scope; tag: string; problems?: readonly ProblemStatus[] },
  route: Route,
) {
  const named = route.path.includes('{') ? ([404] as const) : [];
  const body = route.request?.body ? ([413, 415] as const) : [];
  const statuses = [...new Set([...EVERYWHERE, ...named, ...body, ...problems])].sort();
  const described = {
    ...route,
    tags: [tag],
    security: [{ [BEARER]: [scope] }],
    [SCOPE]: scope,
    responses: {
      ...route.responses,
      ...Object.fromEntries(
        statuses.map((status) => [
          status,
          {
            description: titleOf(status),
            content: { 'application/problem+json': { schema: problemSchema } },
          },
        ]),
      ),
    },
  };
  return createRoute(described as Route);
}

/** The scope of each route, by method and path as Hono matches them. */
export type RouteScopes = ReadonlyMap<string, Scope>;

/** @param path as Hono has it: `/v1/runs/:id` */
export function routeKey(method: string, path: string): string {
  return `${method.toUpperCase()} ${path}`;
}

/**
 * The scopes of all routes under `/v1`.
 *
 * @throws GatehouseError `route-without-scope`: such an API does not start
 */
export function scopesOfRoutes(api: Api): RouteScopes {
  const scopes = new Map<string, Scope>();
  for (const definition of api.openAPIRegistry.definitions) {
    if (definition.type !== 'route') continue;
    const { method, path, [SCOPE]: scope } = definition.route as RouteConfig & { [SCOPE]?: string };
    if (scope !== undefined && isScope(scope))
      scopes.set(routeKey(method, path.replace(/\{(\w+)\}/g, ':$1')), scope);
  }
  for (const { method, path } of api.routes) {
    if (!path.startsWith('/v1/') || method === 'ALL' || scopes.has(routeKey(method, path))) continue;
    throw new GatehouseError('route-without-scope', `the route \`${method} ${path}\` has no scope`);
  }
  return scopes;
}
