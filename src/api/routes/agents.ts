import { z } from '@hono/zod-openapi';
import { defineAgent } from '../../commands/define-agent';
import { GatehouseError } from '../../domain/errors';
import type { StoredAgent } from '../../store/agent-store';
import { apiRoute } from '../api-route';
import type { ApiDependencies } from '../dependencies';
import type { Api } from '../environment';
import { json, jsonAnswer, jsonBody, nameParam, text } from '../schemas/parts';
import { agent, appliedAgent } from '../schemas/policies';

const tag = 'Agents';
const params = nameParam('demo');

const list = apiRoute(
  { scope: 'agents:read', tag },
  {
    method: 'get',
    path: '/v1/agents',
    summary: 'List agents',
    responses: { 200: jsonAnswer('By name', z.object({ agents: z.array(agent) })) },
  },
);

const show = apiRoute(
  { scope: 'agents:read', tag },
  {
    method: 'get',
    path: '/v1/agents/{name}',
    summary: 'Show an agent',
    request: { params },
    responses: { 200: jsonAnswer('The agent', agent) },
  },
);

const definition = z
  .strictObject({
    definition: z.record(z.string(), json).openapi({
      type: 'object',
      additionalProperties: true,
      description: 'The keys of an agent file but `tools`',
      example: { name: 'observer', tier: 'OBSERVE', model: 'anthropic:claude-sonnet-4-5' },
    }),
    tools: z
      .array(json)
      .max(200)
      .default([])
      .openapi({
        type: 'array',
        items: { type: 'object', additionalProperties: true },
        description: 'What a tools file says',
      }),
    script: text(512 * 1024)
      .optional()
      .openapi({ description: 'The script of a scripted model (YAML)' }),
  })
  .openapi('AgentDefinition');

const apply = apiRoute(
  { scope: 'agents:write', tag, problems: [422] },
  {
    method: 'put',
    path: '/v1/agents/{name}',
    summary: 'Keep an agent under its name',
    description: 'A definition that differs is a new version; where it is stricter it counts at once.',
    request: { params, ...jsonBody(definition) },
    responses: { 200: jsonAnswer('Kept', appliedAgent) },
  },
);

/** Agents: look at, define. */
export function addAgentRoutes(api: Api, { artifacts }: Pick<ApiDependencies, 'artifacts'>): void {
  api.openapi(list, async (c) =>
    c.json({ agents: (await c.get('commands').listAgents()).map(shownAgentOf) }, 200),
  );

  api.openapi(show, async (c) =>
    c.json(shownAgentOf(await c.get('commands').showAgent(c.req.valid('param').name)), 200),
  );

  api.openapi(apply, async (c) => {
    const { name } = c.req.valid('param');
    const defined = await defineAgent(c.req.valid('json'), artifacts);
    if (defined.name !== name)
      throw new GatehouseError('agent-name-differs', 'the definition has another `name` than the path');
    return c.json(await c.get('commands').applyAgent(defined, c.get('caller').person), 200);
  });
}

function shownAgentOf({ version, updatedAt, definition: stored }: StoredAgent) {
  return { name: stored.name, version, updatedAt, definition: { ...stored } };
}
