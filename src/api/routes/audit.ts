import { z } from '@hono/zod-openapi';
import { apiRoute } from '../api-route';
import type { Api } from '../environment';
import { cursorInQuery, jsonAnswer, limitInQuery, name, timeInQuery } from '../schemas/parts';
import { auditPage, kindInQuery } from '../schemas/policies';

const search = apiRoute(
  { scope: 'audit:read', tag: 'Audit' },
  {
    method: 'get',
    path: '/v1/audit',
    summary: 'Search the audit, newest first',
    description: 'Records of all runs and of the organization itself.',
    request: {
      query: z.object({
        runId: name.optional(),
        kind: kindInQuery.optional(),
        since: timeInQuery.optional(),
        until: timeInQuery.optional(),
        limit: limitInQuery,
        cursor: cursorInQuery.optional(),
      }),
    },
    responses: { 200: jsonAnswer('A page', auditPage) },
  },
);

/** The audit, to be searched. */
export function addAuditRoutes(api: Api): void {
  api.openapi(search, async (c) => c.json(await c.get('commands').searchAudit(c.req.valid('query')), 200));
}
