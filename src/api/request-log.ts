import { randomUUID } from 'node:crypto';
import { createMiddleware } from 'hono/factory';
import { routePath } from 'hono/route';
import type { Logger } from 'pino';
import type { ApiEnvironment } from './environment';
import type { ApiMetrics } from './metrics';

/** What a caller may name a request by: nothing that would look like another line of the log. */
const REQUEST_ID = /^[A-Za-z0-9_.:-]{1,64}$/;

/**
 * Gives each request an id, and a line in the log once it is answered: never a header, a body or a query, since those may
 * hold secrets.
 */
export const createRequestLog = (log: Logger, metrics: ApiMetrics) =>
  createMiddleware<ApiEnvironment>(async (c, next) => {
    const given = c.req.header('x-request-id');
    const requestId = given !== undefined && REQUEST_ID.test(given) ? given : randomUUID();
    const startedAt = performance.now();
    c.set('requestId', requestId);
    c.set('log', log.child({ requestId }));
    c.header('X-Request-Id', requestId);
    await next();
    const tookMs = performance.now() - startedAt;
    const { method } = c.req;
    const { status } = c.res;
    // The pattern and not the path: ids would make as many series as there are runs.
    const route = routePath(c, -1);
    metrics.answered({ method, route, status, tookMs });
    c.get('log')[status >= 500 ? 'warn' : 'info'](
      { method, path: c.req.path, status, tookMs: Math.round(tookMs) },
      'answered',
    );
  });
