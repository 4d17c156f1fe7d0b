import { z } from '@hono/zod-openapi';
import type { DecidedOne } from '../../commands/decide-many';
import { apiRoute } from '../api-route';
import type { Api } from '../environment';
import { publicDetail } from '../problem';
import {
  approval,
  batchAnswer,
  batchBody,
  decided,
  decisionBody,
  pendingApproval,
  pendingQuestion,
  revoked,
  standing,
} from '../schemas/approvals';
import { effect, idParam, jsonAnswer, jsonBody, name } from '../schemas/parts';
import { pendingApprovalOf, pendingQuestionOf, shownApprovalOf, standingOf } from './shown-run';

const tag = 'Approvals';
const params = idParam('Id of an approval', 'apr-5b0c');

const list = apiRoute(
  { scope: 'approvals:read', tag },
  {
    method: 'get',
    path: '/v1/approvals',
    summary: 'List approvals that wait, oldest first',
    request: {
      query: z.object({ runId: name.optional(), tool: name.optional(), effect: effect.optional() }),
    },
    responses: { 200: jsonAnswer('All that wait', z.object({ approvals: z.array(pendingApproval) })) },
  },
);

const listQuestions = apiRoute(
  { scope: 'approvals:read', tag },
  {
    method: 'get',
    path: '/v1/questions',
    summary: 'List questions that wait for an answer, oldest first',
    request: { query: z.object({ runId: name.optional() }) },
    responses: { 200: jsonAnswer('All that wait', z.object({ questions: z.array(pendingQuestion) })) },
  },
);

const show = apiRoute(
  { scope: 'approvals:read', tag },
  {
    method: 'get',
    path: '/v1/approvals/{id}',
    summary: 'Show an approval: exactly what would run, who asked for it and what people said',
    request: { params },
    responses: { 200: jsonAnswer('The approval', approval) },
  },
);

const decide = apiRoute(
  { scope: 'approvals:decide', tag, problems: [409, 422] },
  {
    method: 'post',
    path: '/v1/approvals/{id}/decisions',
    summary: 'Approve or deny',
    request: { params, ...jsonBody(decisionBody) },
    responses: { 200: jsonAnswer('Counted', decided) },
  },
);

const decideMany = apiRoute(
  { scope: 'approvals:decide', tag },
  {
    method: 'post',
    path: '/v1/approvals/decisions',
    summary: 'Approve or deny several in one go',
    description: 'Each counts or is refused by itself; the answer says which.',
    request: jsonBody(batchBody),
    responses: { 200: jsonAnswer('What became of each', batchAnswer) },
  },
);

const listStanding = apiRoute(
  { scope: 'approvals:read', tag },
  {
    method: 'get',
    path: '/v1/runs/{id}/standing-approvals',
    summary: 'What was approved for the rest of a run, revoked or not',
    request: { params: idParam('Id of a run', 'k3fq7xw2m9pa') },
    responses: { 200: jsonAnswer('Oldest first', z.object({ standing: z.array(standing) })) },
  },
);

const listInForce = apiRoute(
  { scope: 'approvals:read', tag },
  {
    method: 'get',
    path: '/v1/standing-approvals',
    summary: 'What is approved for the rest of any open run, not revoked',
    responses: { 200: jsonAnswer('Newest first, at most 500', z.object({ standing: z.array(standing) })) },
  },
);

const revoke = apiRoute(
  { scope: 'approvals:decide', tag, problems: [409] },
  {
    method: 'delete',
    path: '/v1/approvals/{id}/standing',
    summary: 'End an approval that was given for the rest of a run',
    request: { params },
    responses: { 200: jsonAnswer('The next gate of the run asks again', revoked) },
  },
);

/** Approvals and questions: what waits for people, and what they say. */
export function addApprovalRoutes(api: Api): void {
  api.openapi(list, async (c) => {
    const { runId, tool, effect: wanted } = c.req.valid('query');
    const { approvals } = await c.get('commands').listPending(runId);
    const found = approvals.filter(
      (each) =>
        (tool === undefined || each.tool === tool) && (wanted === undefined || each.effect === wanted),
    );
    return c.json({ approvals: found.map(pendingApprovalOf) }, 200);
  });

  api.openapi(listQuestions, async (c) => {
    const { questions } = await c.get('commands').listPending(c.req.valid('query').runId);
    return c.json({ questions: questions.map(pendingQuestionOf) }, 200);
  });

  // Before the one with an id, which would take it for an approval.
  api.openapi(decideMany, async (c) => {
    const decided = await c.get('commands').decideMany(c.req.valid('json').decisions);
    return c.json({ results: decided.map(resultOf) }, 200);
  });

  api.openapi(show, async (c) =>
    c.json(shownApprovalOf(await c.get('commands').showApproval(c.req.valid('param').id)), 200),
  );

  api.openapi(decide, async (c) => {
    const approvalId = c.req.valid('param').id;
    const result = await c.get('commands').decide({ ...c.req.valid('json'), approvalId });
    return c.json({ approvalId, runId: result.approval.runId, status: result.status }, 200);
  });

  api.openapi(listStanding, async (c) => {
    const found = await c.get('commands').listStanding(c.req.valid('param').id);
    return c.json({ standing: found.map(standingOf) }, 200);
  });

  api.openapi(listInForce, async (c) =>
    c.json({ standing: (await c.get('commands').listStandingInForce()).map(standingOf) }, 200),
  );

  api.openapi(revoke, async (c) => {
    const approvalId = c.req.valid('param').id;
    return c.json({ approvalId, ...(await c.get('commands').revokeApproval({ approvalId })) }, 200);
  });
}

function resultOf(one: DecidedOne): z.input<typeof batchAnswer>['results'][number] {
  const { approvalId } = one;
  if (one.ok) return { approvalId, accepted: true, runId: one.approval.runId, status: one.status };
  return { approvalId, accepted: false, code: one.code, detail: publicDetail(one.code, one.message) };
}
