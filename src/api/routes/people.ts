import { z } from '@hono/zod-openapi';
import { GatehouseError } from '../../domain/errors';
import { apiRoute } from '../api-route';
import type { Api } from '../environment';
import { jsonAnswer, jsonBody, name, nameParam } from '../schemas/parts';
import { person, personBody, personKeyBody } from '../schemas/people';

const tag = 'People';
const params = nameParam('alice');

const list = apiRoute(
  { scope: 'admin', tag },
  {
    method: 'get',
    path: '/v1/people',
    summary: 'List people',
    responses: { 200: jsonAnswer('By name', z.object({ people: z.array(person) })) },
  },
);

const show = apiRoute(
  { scope: 'admin', tag },
  {
    method: 'get',
    path: '/v1/people/{name}',
    summary: 'Show a person',
    request: { params },
    responses: { 200: jsonAnswer('The person', person) },
  },
);

const apply = apiRoute(
  { scope: 'admin', tag, problems: [422] },
  {
    method: 'put',
    path: '/v1/people/{name}',
    summary: 'Add a person, or replace their roles',
    request: { params, ...jsonBody(personBody) },
    responses: { 200: jsonAnswer('The person', person) },
  },
);

const disable = apiRoute(
  { scope: 'admin', tag, problems: [409] },
  {
    method: 'delete',
    path: '/v1/people/{name}',
    summary: 'Let nothing of a person count any more: keys, API keys, sessions, tokens',
    request: { params },
    responses: { 200: jsonAnswer('The person', person) },
  },
);

const addKey = apiRoute(
  { scope: 'admin', tag, problems: [409, 422] },
  {
    method: 'post',
    path: '/v1/people/{name}/keys',
    summary: 'Take the public key that a person signs with',
    request: { params, ...jsonBody(personKeyBody) },
    responses: { 201: jsonAnswer('The person', person) },
  },
);

const revokeKey = apiRoute(
  { scope: 'admin', tag },
  {
    method: 'delete',
    path: '/v1/people/{name}/keys/{thumbprint}',
    summary: 'Revoke a key that a person signs with',
    request: {
      params: params.extend({
        thumbprint: name.openapi({ param: { name: 'thumbprint', in: 'path' }, description: 'RFC 7638' }),
      }),
    },
    responses: { 200: jsonAnswer('The person', person) },
  },
);

/** People: who there is, their roles and the keys they sign with. */
export function addPeopleRoutes(api: Api): void {
  api.openapi(list, async (c) => c.json({ people: await c.get('commands').listPeople() }, 200));

  api.openapi(show, async (c) => c.json(await c.get('commands').showPerson(c.req.valid('param').name), 200));

  api.openapi(apply, async (c) => {
    const { name: wanted } = c.req.valid('param');
    await c.get('commands').applyPerson({ name: wanted, roles: c.req.valid('json').roles });
    return c.json(await c.get('commands').showPerson(wanted), 200);
  });

  api.openapi(disable, async (c) => {
    const { name: wanted } = c.req.valid('param');
    if (wanted === c.get('caller').person)
      throw new GatehouseError('refused', 'nobody disables themselves; ask another admin');
    await c.get('commands').disablePerson({ name: wanted });
    return c.json(await c.get('commands').showPerson(wanted), 200);
  });

  api.openapi(addKey, async (c) => {
    const { name: owner } = c.req.valid('param');
    await c.get('commands').addKey({ name: owner, key: c.req.valid('json') });
    return c.json(await c.get('commands').showPerson(owner), 201);
  });

  api.openapi(revokeKey, async (c) => {
    const { name: owner, thumbprint } = c.req.valid('param');
    const { keys } = await c.get('commands').showPerson(owner);
    if (!keys.some((key) => key.thumbprint === thumbprint))
      throw new GatehouseError('key-unknown', 'this person has no such key that counts');
    await c.get('commands').revokeKey({ thumbprint });
    return c.json(await c.get('commands').showPerson(owner), 200);
  });
}
