import { z } from '@hono/zod-openapi';
import type { Commands } from '../../commands/commands';
import { GatehouseError, publicMessage } from '../../domain/errors';
import { apiRoute } from '../api-route';
import type { Api } from '../environment';
import {
  approval,
  batchAnswer,
  batchBody,
  decided,
  decisionBody,
  pendingApproval,
  pendingQuestion,
} from '../schemas/approvals';
import { effect, idParam, jsonAnswer, jsonBody, name } from '../schemas/parts';
import { statusOfCode } from '../statuses';
import { pendingApprovalOf, pendingQuestionOf } from './shown-run';

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
    const results: z.input<typeof batchAnswer>['results'] = [];
    for (const given of c.req.valid('json').decisions)
      results.push(await decidedOrWhyNot(c.get('commands'), given, c.get('caller').person));
    return c.json({ results }, 200);
  });

  api.openapi(show, async (c) => c.json(await c.get('commands').showApproval(c.req.valid('param').id), 200));

  api.openapi(decide, async (c) => {
    const approvalId = c.req.valid('param').id;
    const given = c.req.valid('json');
    const result = await c.get('commands').decide({ ...given, approvalId, by: c.get('caller').person });
    return c.json({ approvalId, runId: result.approval.runId, status: result.status }, 200);
  });
}

async function decidedOrWhyNot(
  commands: Commands,
  given: Parameters<Commands['decide']>[0],
  by: string,
): Promise<z.input<typeof batchAnswer>['results'][number]> {
  const { approvalId } = given;
  try {
    const { approval: settled, status } = await commands.decide({ ...given, by });
    return { approvalId, accepted: true, runId: settled.runId, status };
  } catch (error) {
    // What may be cured by asking again ends the batch: those decided already are accepted again.
    if (!(error instanceof GatehouseError) || statusOfCode(error.code) >= 500) throw error;
    return { approvalId, accepted: false, code: error.code, detail: publicMessage(error) };
  }
}
