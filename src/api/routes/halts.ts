import type { Halt } from '../../domain/halt';
import { apiRoute } from '../api-route';
import type { Api } from '../environment';
import { halted, halting, standingHalts } from '../schemas/halts';
import { jsonAnswer, jsonBody, nameParam } from '../schemas/parts';

const tag = 'Halts';
const params = nameParam('demo');

type Steering = 'pause' | 'stop' | 'resume';

const HALT: Record<Steering, Halt> = { pause: 'paused', stop: 'stopped', resume: 'none' };

const list = apiRoute(
  { scope: 'runs:read', tag },
  {
    method: 'get',
    path: '/v1/halts',
    summary: 'What is paused or stopped now, apart from single runs',
    responses: { 200: jsonAnswer('Who asked for it, and why', standingHalts) },
  },
);

const ofAgent = (what: Steering, summary: string) =>
  apiRoute(
    { scope: 'halt:write', tag, problems: [422] },
    {
      method: 'post',
      path: `/v1/agents/{name}/${what}`,
      summary,
      request: { params, ...jsonBody(halting) },
      responses: { 200: jsonAnswer('It is so from now on', halted) },
    },
  );

const ofOrganization = (what: Steering, summary: string) =>
  apiRoute(
    { scope: 'halt:write', tag, problems: [422] },
    {
      method: 'post',
      path: `/v1/organization/${what}`,
      summary,
      request: jsonBody(halting),
      responses: { 200: jsonAnswer('It is so from now on', halted) },
    },
  );

const agentRoutes = [
  ['pause', ofAgent('pause', 'Hold all runs of an agent before their next step')],
  ['stop', ofAgent('stop', 'Stop all runs of an agent for good, and refuse new ones')],
  ['resume', ofAgent('resume', 'Let runs of an agent go on and start again')],
] as const;

const organizationRoutes = [
  ['pause', ofOrganization('pause', 'Hold all runs before their next step')],
  ['stop', ofOrganization('stop', 'Stop all runs for good, and refuse new ones')],
  ['resume', ofOrganization('resume', 'Let runs go on and start again')],
] as const;

/** The kill switch: of one agent and of the organization. */
export function addHaltRoutes(api: Api): void {
  api.openapi(list, async (c) => c.json(await c.get('commands').listHalts(), 200));

  for (const [what, route] of agentRoutes)
    api.openapi(route, async (c) => {
      const agent = c.req.valid('param').name;
      const asked = { halt: HALT[what], by: c.get('caller').person, reason: c.req.valid('json').reason };
      const done = await c.get('commands').haltAgent({ agent, ...asked });
      return c.json({ agent, halt: asked.halt, ...done }, 200);
    });

  for (const [what, route] of organizationRoutes)
    api.openapi(route, async (c) => {
      const asked = { halt: HALT[what], by: c.get('caller').person, reason: c.req.valid('json').reason };
      const done = await c.get('commands').haltOrganization(asked);
      return c.json({ halt: asked.halt, ...done }, 200);
    });
}
