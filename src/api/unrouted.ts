import type { Context } from 'hono';
import type { Api, ApiEnvironment } from './environment';
import { answerProblem } from './problem';

/** Answers what no route takes: what a path allows, that it allows something else, or that there is no such path. */
export function answerUnrouted(api: Api, c: Context<ApiEnvironment>): Response {
  const methods = methodsOf(api, c.req.path);
  if (methods.length === 0)
    return answerProblem(c, {
      status: 404,
      code: 'route-unknown',
      detail: 'there is nothing at this path; `/openapi.json` says what there is',
    });
  c.header('Allow', methods.join(', '));
  if (c.req.method === 'OPTIONS') return c.body(null, 204);
  return answerProblem(c, {
    status: 405,
    code: 'method-refused',
    detail: `this path takes ${methods.join(', ')}`,
  });
}

function methodsOf(api: Api, path: string): string[] {
  const segments = path.split('/');
  const methods = new Set<string>();
  for (const route of api.routes) {
    if (route.method === 'ALL' || route.path.includes('*')) continue;
    const wanted = route.path.split('/');
    if (wanted.length !== segments.length) continue;
    if (wanted.every((part, index) => part.startsWith(':') || part === segments[index]))
      methods.add(route.method);
  }
  if (methods.size === 0) return [];
  if (methods.has('GET')) methods.add('HEAD');
  return [...methods.add('OPTIONS')].sort();
}
