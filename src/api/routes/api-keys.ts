import { z } from '@hono/zod-openapi';
import type { StoredApiKey } from '../../store/api-key-store';
import { apiRoute } from '../api-route';
import type { Api } from '../environment';
import { idParam, jsonAnswer, jsonBody } from '../schemas/parts';
import { apiKey, createdApiKey, newApiKey } from '../schemas/people';

const tag = 'API keys';

const list = apiRoute(
  { scope: 'admin', tag },
  {
    method: 'get',
    path: '/v1/keys',
    summary: 'List API keys, newest first',
    responses: { 200: jsonAnswer('Without their secrets', z.object({ keys: z.array(apiKey) })) },
  },
);

const create = apiRoute(
  { scope: 'admin', tag },
  {
    method: 'post',
    path: '/v1/keys',
    summary: 'Make an API key; it is shown once',
    request: jsonBody(newApiKey),
    responses: { 201: jsonAnswer('The key', createdApiKey) },
  },
);

const revoke = apiRoute(
  { scope: 'admin', tag },
  {
    method: 'delete',
    path: '/v1/keys/{id}',
    summary: 'Revoke an API key',
    request: { params: idParam('Id of an API key', '7d9f8f1c-6a62-4f0b-9d8e-0d4d9d5c1c11') },
    responses: { 200: jsonAnswer('The key, revoked', apiKey) },
  },
);

/** API keys: make, list, revoke. */
export function addApiKeyRoutes(api: Api): void {
  api.openapi(list, async (c) =>
    c.json({ keys: (await c.get('commands').apiKeys.list()).map(shownKeyOf) }, 200),
  );

  api.openapi(create, async (c) => {
    const made = await c.get('commands').apiKeys.create(c.req.valid('json'), c.get('caller').person);
    return c.json({ apiKey: shownKeyOf(made.apiKey), key: made.key }, 201);
  });

  api.openapi(revoke, async (c) => {
    const { id } = c.req.valid('param');
    return c.json(shownKeyOf(await c.get('commands').apiKeys.revoke(id, c.get('caller').person)), 200);
  });
}

function shownKeyOf({ organizationId: _organizationId, ...key }: StoredApiKey) {
  return key;
}
