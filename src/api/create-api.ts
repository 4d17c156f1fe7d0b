import { OpenAPIHono } from '@hono/zod-openapi';
import { BASE } from '../console/paths';
import { GatehouseError } from '../domain/errors';
import { limitBody } from '../http/limit-body';
import { type RouteScopes, scopesOfRoutes } from './api-route';
import { createAuthentication } from './authentication';
import { addDecoding } from './decoding';
import type { ApiDependencies } from './dependencies';
import { documentOf } from './document';
import type { Api, ApiEnvironment } from './environment';
import { createAddressGuard, createHostGuard, securityHeaders } from './guards';
import { addHealthRoutes } from './health';
import { createMetrics } from './metrics';
import { answerError, answerProblem } from './problem';
import { createRateLimit } from './rate-limit';
import { addReference } from './reference';
import { refuseFaults } from './request-faults';
import { createRequestLog } from './request-log';
import { addAgentRoutes } from './routes/agents';
import { addApiKeyRoutes } from './routes/api-keys';
import { addApprovalRoutes } from './routes/approvals';
import { addAuditRoutes } from './routes/audit';
import { addBreakGlassRoutes } from './routes/break-glass';
import { addEventRoutes } from './routes/events';
import { addHaltRoutes } from './routes/halts';
import { addPeopleRoutes } from './routes/people';
import { addPolicyRoutes } from './routes/policies';
import { addRunRoutes } from './routes/runs';
import { addWebhookRoutes } from './routes/webhooks';
import { answerUnrouted } from './unrouted';

/** What answers for pages. */
export interface Pages {
  fetch(request: Request, environment: unknown): Response | Promise<Response>;
}

/** Largest body, in bytes. */
const MAX_BODY_BYTES = 2 * 1024 * 1024;

/**
 * The HTTP API: translates between HTTP and the commands, and decides nothing itself.
 *
 * @param pages the console, which has guards of its own: forms of pages that send no referrer have no origin
 * @throws GatehouseError `route-without-scope`
 */
export function createApi(dependencies: ApiDependencies, pages: Pages | null = null): Api {
  const { log, registry, limits, allowedHosts } = dependencies;
  const api: Api = new OpenAPIHono<ApiEnvironment>({ defaultHook: refuseFaults });
  const metrics = createMetrics(registry);
  let scopes: RouteScopes = new Map();

  api.use(createRequestLog(log, metrics), securityHeaders);
  api.use(createAddressGuard(createRateLimit(limits.requestsOfAddress)));
  // Asked by whoever watches over the process, under whatever name they have for it.
  addHealthRoutes(api, dependencies);
  if (pages) for (const path of [BASE, `${BASE}/*`]) api.all(path, (c) => pages.fetch(c.req.raw, c.env));
  api.use(createHostGuard(allowedHosts));
  const limitOfKey = createRateLimit(limits.requestsOfKey);
  addDecoding(api, dependencies, limitOfKey);
  api.use(
    '/v1/*',
    createAuthentication(dependencies, limitOfKey, () => scopes),
  );
  api.use(
    '/v1/*',
    limitBody(MAX_BODY_BYTES, (c) =>
      answerProblem(c, {
        status: 413,
        code: 'body-too-large',
        detail: `a body has at most ${MAX_BODY_BYTES} bytes`,
      }),
    ),
  );

  addRunRoutes(api, dependencies);
  addEventRoutes(api, dependencies, metrics);
  addApprovalRoutes(api);
  addPolicyRoutes(api, dependencies);
  addAgentRoutes(api, dependencies);
  addAuditRoutes(api);
  addPeopleRoutes(api);
  addApiKeyRoutes(api);
  addWebhookRoutes(api);
  addBreakGlassRoutes(api);
  addHaltRoutes(api);
  scopes = scopesOfRoutes(api);

  addReference(api, documentOf(api));
  api.onError((error, c) => {
    const answer = answerError(error, c);
    metrics.refused(answer.status === 500 ? 'internal' : codeOf(error));
    return answer;
  });
  api.notFound((c) => answerUnrouted(api, c));
  return api;
}

function codeOf(error: unknown): string {
  return error instanceof GatehouseError ? error.code : 'request-malformed';
}
