import { z } from '@hono/zod-openapi';
import { apiRoute } from '../api-route';
import type { Api } from '../environment';
import { breakGlass, breakGlassBody } from '../schemas/halts';
import { idParam, jsonAnswer, jsonBody } from '../schemas/parts';

const tag = 'Break-glass';
const params = idParam('Id of a break-glass', 'brk-7k2mq9xw4c');

const list = apiRoute(
  { scope: 'approvals:read', tag },
  {
    method: 'get',
    path: '/v1/break-glass',
    summary: 'List break-glasses, newest first',
    responses: { 200: jsonAnswer('At most 200', z.object({ breakGlass: z.array(breakGlass) })) },
  },
);

const request = apiRoute(
  { scope: 'approvals:decide', tag, problems: [409, 422] },
  {
    method: 'post',
    path: '/v1/break-glass',
    summary: 'Ask that for a while your approval be enough',
    description: 'Worth nothing until another person confirms it, and lapses after an hour if nobody does.',
    request: jsonBody(breakGlassBody),
    responses: { 201: jsonAnswer('Requested', breakGlass) },
  },
);

const confirm = apiRoute(
  { scope: 'halt:write', tag, problems: [409] },
  {
    method: 'post',
    path: '/v1/break-glass/{id}/confirm',
    summary: 'Confirm what somebody else asked for: it is active from then on',
    request: { params },
    responses: { 200: jsonAnswer('Active', breakGlass) },
  },
);

const end = apiRoute(
  { scope: 'halt:write', tag, problems: [409] },
  {
    method: 'post',
    path: '/v1/break-glass/{id}/end',
    summary: 'End it before its time',
    request: { params },
    responses: { 200: jsonAnswer('Ended', breakGlass) },
  },
);

/** Break-glass: asked for by one person, confirmed by another. */
export function addBreakGlassRoutes(api: Api): void {
  api.openapi(list, async (c) => c.json({ breakGlass: await c.get('commands').listBreakGlass() }, 200));

  api.openapi(request, async (c) => {
    const asked = { ...c.req.valid('json'), by: c.get('caller').person };
    return c.json(await c.get('commands').requestBreakGlass(asked), 201);
  });

  api.openapi(confirm, async (c) => {
    const asked = { id: c.req.valid('param').id, by: c.get('caller').person };
    return c.json(await c.get('commands').confirmBreakGlass(asked), 200);
  });

  api.openapi(end, async (c) => {
    const asked = { id: c.req.valid('param').id, by: c.get('caller').person };
    return c.json(await c.get('commands').endBreakGlass(asked), 200);
  });
}
