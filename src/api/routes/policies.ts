import { z } from '@hono/zod-openapi';
import type { CandidateResult } from '../../commands/candidate-policies';
import { apiRoute } from '../api-route';
import type { ApiDependencies } from '../dependencies';
import type { Api } from '../environment';
import { ProblemError } from '../problem';
import { jsonAnswer, jsonBody, nameParam, timeInQuery } from '../schemas/parts';
import {
  candidates,
  coverage,
  policy,
  policyDifference,
  policyVersion,
  published,
  publishedCoverage,
  rolledBack,
  simulation,
  versionInQuery,
} from '../schemas/policies';

const tag = 'Policies';
const params = nameParam('Naming Conventions');

const list = apiRoute(
  { scope: 'policies:read', tag },
  {
    method: 'get',
    path: '/v1/policies',
    summary: 'List the policies that are published',
    responses: { 200: jsonAnswer('By name', z.object({ policies: z.array(policy) })) },
  },
);

const versions = apiRoute(
  { scope: 'policies:read', tag },
  {
    method: 'get',
    path: '/v1/policies/{name}/versions',
    summary: 'Every version of a policy, latest first',
    request: { params },
    responses: { 200: jsonAnswer('The versions', z.object({ versions: z.array(policyVersion) })) },
  },
);

const diff = apiRoute(
  { scope: 'policies:read', tag, problems: [422] },
  {
    method: 'get',
    path: '/v1/policies/{name}/diff',
    summary: 'How two versions of a policy differ',
    request: {
      params,
      query: z.object({ from: versionInQuery.optional(), to: versionInQuery.optional() }),
    },
    responses: { 200: jsonAnswer('A unified difference', policyDifference) },
  },
);

const publishedCover = apiRoute(
  { scope: 'policies:read', tag },
  {
    method: 'get',
    path: '/v1/policies/{name}/coverage',
    summary: 'Which bullets of a published policy a rule enforces, by the tests that were published with it',
    request: { params, query: z.object({ version: versionInQuery.optional() }) },
    responses: { 200: jsonAnswer('By line of its content', publishedCoverage) },
  },
);

const publish = apiRoute(
  { scope: 'policies:write', tag, problems: [409, 422] },
  {
    method: 'post',
    path: '/v1/policies/publications',
    summary: 'Publish policies, all or none',
    description:
      'Those that do not pass their check and their tests are not published: `policy-check-failed`.',
    request: jsonBody(candidates),
    responses: { 200: jsonAnswer('Published', published) },
  },
);

const rollback = apiRoute(
  { scope: 'policies:write', tag },
  {
    method: 'post',
    path: '/v1/policies/{name}/rollback',
    summary: 'Publish the content of an earlier version again',
    request: {
      params,
      ...jsonBody(
        z
          .strictObject({ to: z.int().min(1).max(2_147_483_647).optional() })
          .openapi('Rollback', { description: 'Without `to`, the version before the latest' }),
      ),
    },
    responses: { 200: jsonAnswer('Rolled back', rolledBack) },
  },
);

const simulate = apiRoute(
  { scope: 'policies:read', tag, problems: [422] },
  {
    method: 'post',
    path: '/v1/policies/simulations',
    summary: 'What policies would change in recorded runs, if they were published',
    request: {
      query: z.object({
        since: timeInQuery.optional(),
        limit: z.coerce.number().int().min(1).max(1_000).default(200).openapi({
          type: 'integer',
          minimum: 1,
          maximum: 1_000,
          default: 200,
          description: 'How many runs, the newest',
        }),
      }),
      ...jsonBody(candidates),
    },
    responses: { 200: jsonAnswer('Nothing is executed or written', simulation) },
  },
);

const cover = apiRoute(
  { scope: 'policies:read', tag, problems: [422] },
  {
    method: 'post',
    path: '/v1/policies/coverage',
    summary: 'Which bullets of policies a rule enforces',
    request: jsonBody(candidates),
    responses: { 200: jsonAnswer('By policy and line', coverage) },
  },
);

/** Policies: look at, try out, publish, roll back. */
export function addPolicyRoutes(api: Api, { artifacts }: Pick<ApiDependencies, 'artifacts'>): void {
  api.openapi(list, async (c) => {
    const policies = await c.get('commands').listPolicies();
    return c.json(
      { policies: policies.map(({ name, version, content }) => ({ name, version, content })) },
      200,
    );
  });

  api.openapi(versions, async (c) =>
    c.json({ versions: await c.get('commands').showPolicyHistory(c.req.valid('param').name) }, 200),
  );

  api.openapi(diff, async (c) => {
    const found = await c.get('commands').diffPolicy(c.req.valid('param').name, c.req.valid('query'));
    const textOf = ({ version, content }: typeof found.from) => ({ version, content });
    return c.json(
      { name: found.name, from: textOf(found.from), to: textOf(found.to), patch: found.patch },
      200,
    );
  });

  api.openapi(publishedCover, async (c) =>
    c.json(await c.get('commands').coverPolicy(c.req.valid('param').name, c.req.valid('query')), 200),
  );

  api.openapi(publish, async (c) => {
    const { policies } = c.req.valid('json');
    const { publications, runsTold } = passed(
      await c.get('commands').candidates.publish(policies, c.get('caller').person),
    );
    const listed = publications.map(({ policy: { name, version }, isChanged, hasNewTests }) => ({
      ...{ name, version, isChanged, hasNewTests },
    }));
    return c.json({ policies: listed, runsTold }, 200);
  });

  api.openapi(rollback, async (c) => {
    const { name } = c.req.valid('param');
    const request = { ...c.req.valid('json'), by: c.get('caller').person };
    const { policy: back, from, to, runsTold } = await c.get('commands').rollbackPolicy(name, request);
    return c.json({ name, version: back.version, from, to, runsTold }, 200);
  });

  api.openapi(simulate, async (c) => {
    const { policies } = c.req.valid('json');
    const request = { ...c.req.valid('query'), artifacts };
    return c.json(passed(await c.get('commands').candidates.simulate(policies, request)), 200);
  });

  api.openapi(cover, async (c) =>
    c.json(passed(await c.get('commands').candidates.coverage(c.req.valid('json').policies)), 200),
  );
}

/** @throws ProblemError `policy-check-failed` with what is wrong, by file and line */
function passed<T>(checked: CandidateResult<T>): T {
  if (checked.isGood) return checked.result;
  throw new ProblemError(
    'policy-check-failed',
    'the policies do not pass their check; nothing was published',
    {
      problems: checked.problems,
    },
  );
}
