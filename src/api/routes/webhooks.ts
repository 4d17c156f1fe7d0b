import { z } from '@hono/zod-openapi';
import { apiRoute } from '../api-route';
import type { Api } from '../environment';
import { idParam, jsonAnswer, jsonBody, limitInQuery, name } from '../schemas/parts';
import { createdWebhook, delivery, newWebhook, webhook } from '../schemas/webhooks';

const tag = 'Webhooks';
const params = idParam('Id of a webhook', 'whk-0f9d2c7b41aa83e6');

const list = apiRoute(
  { scope: 'admin', tag },
  {
    method: 'get',
    path: '/v1/webhooks',
    summary: 'List webhooks, oldest first',
    responses: { 200: jsonAnswer('Without their secrets', z.object({ webhooks: z.array(webhook) })) },
  },
);

const add = apiRoute(
  { scope: 'admin', tag, problems: [409, 422] },
  {
    method: 'post',
    path: '/v1/webhooks',
    summary: 'Tell an address what happens; its secret is shown once',
    request: jsonBody(newWebhook),
    responses: { 201: jsonAnswer('The webhook', createdWebhook) },
  },
);

const deliveries = apiRoute(
  { scope: 'admin', tag },
  {
    method: 'get',
    path: '/v1/webhooks/deliveries',
    summary: 'What was sent and how it ended, newest first',
    request: { query: z.object({ webhookId: name.optional(), limit: limitInQuery }) },
    responses: {
      200: jsonAnswer('Without bodies and secrets', z.object({ deliveries: z.array(delivery) })),
    },
  },
);

const test = apiRoute(
  { scope: 'admin', tag },
  {
    method: 'post',
    path: '/v1/webhooks/{id}/test',
    summary: 'Send a test, and say how its first attempt ended',
    request: { params },
    responses: { 200: jsonAnswer('Delivered or not', delivery) },
  },
);

const remove = apiRoute(
  { scope: 'admin', tag },
  {
    method: 'delete',
    path: '/v1/webhooks/{id}',
    summary: 'Tell it nothing any more',
    request: { params },
    responses: { 200: jsonAnswer('The webhook that was', webhook) },
  },
);

/** Webhooks: who outside is told what happens. */
export function addWebhookRoutes(api: Api): void {
  api.openapi(list, async (c) => c.json({ webhooks: await c.get('commands').listWebhooks() }, 200));

  api.openapi(add, async (c) => {
    const asked = { ...c.req.valid('json'), by: c.get('caller').person };
    return c.json(await c.get('commands').addWebhook(asked), 201);
  });

  api.openapi(deliveries, async (c) =>
    c.json({ deliveries: await c.get('commands').listDeliveries(c.req.valid('query')) }, 200),
  );

  api.openapi(test, async (c) => c.json(await c.get('commands').testWebhook(c.req.valid('param').id), 200));

  api.openapi(remove, async (c) => {
    const { id } = c.req.valid('param');
    return c.json(await c.get('commands').removeWebhook(id, c.get('caller').person), 200);
  });
}
