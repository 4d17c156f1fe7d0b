import type { PendingApproval } from '../domain/approval';
import { canonicalJson } from '../domain/canonical-json';
import { type Finding, findingId } from '../domain/decision';
import { sha256 } from '../domain/hashing';
import type { OpenTopUpInput, RecordedTopUp } from '../domain/steps';
import { TOP_UP_TOOL, topUpCallId } from '../domain/top-up';
import { type Action, actionHash } from '../policy/action';
import type { TopUpToRecord } from '../policy/people-records';
import { appendRecords } from './audit-store';
import type { PrismaClient } from './generated/client';
import { json, lockRun, refused, settledAs } from './people-transaction';
import { numbered } from './run-commit';

/** Shows people that a limit is reached: an approval whose arguments are the amounts. Idempotent by its event number. */
export async function openTopUp(
  client: PrismaClient,
  input: OpenTopUpInput & { at: number },
): Promise<PendingApproval> {
  const { runId, organizationId, firstSequence, expiresAt, usage, at } = input;
  const action = actionOf(input);
  const finding = findingOf(input);
  const shown: PendingApproval = {
    id: `apr-${sha256([runId, TOP_UP_TOOL, firstSequence].join('\n')).slice(0, 16)}`,
    callId: topUpCallId(firstSequence),
    tool: action.tool,
    args: action.args,
    effect: action.effect,
    marks: [],
    findings: [finding],
    actionHash: actionHash(action),
    expiresAt,
  };
  const { id, tool, args } = shown;
  await client.$transaction(async (transaction) => {
    await lockRun(transaction, runId);
    await transaction.approval.createMany({
      data: {
        ...{ id, organizationId, runId, callId: shown.callId, tool, args, effect: action.effect, marks: [] },
        findings: json([finding]),
        actionHash: shown.actionHash,
        action: json(action),
        expiresAt: new Date(expiresAt),
        createdAt: new Date(at),
      },
      skipDuplicates: true,
    });
    await transaction.run.updateMany({
      where: { id: runId, endedAt: null },
      data: { status: 'WAITING_APPROVAL', usage: json(usage) },
    });
    await appendRecords(transaction, input, {
      events: numbered(runId, firstSequence, at, [
        { type: 'approval', data: { approvalId: id, tool, outcome: 'pending', by: [], expiresAt } },
      ]),
      audit: [
        { key: `top-up-asked:${id}`, kind: 'budget', body: { approvalId: id, limit: input.limit, args }, at },
      ],
    });
  });
  return shown;
}

/** Takes amounts that people add to a run's limits; an approval of a top-up that waits is answered by them. */
export async function recordTopUp(client: PrismaClient, topUp: TopUpToRecord): Promise<RecordedTopUp> {
  const { runId, organizationId, firstSequence, budget, by, isVerified, word, at } = topUp;
  const key = `top-up:${word ?? firstSequence}`;
  return client.$transaction(async (transaction) => {
    await lockRun(transaction, runId);
    const known = await transaction.auditRecord.findUnique({ where: { runId_key: { runId, key } } });
    if (known) {
      const body = JSON.parse(known.body) as { firstSequence: number; settled: string[] };
      return body.firstSequence === firstSequence
        ? { accepted: true, budget, by, settled: body.settled }
        : refused('this top-up was counted already; sign another one to add more');
    }
    const waiting = await transaction.approval.findMany({
      where: { runId, organizationId, status: 'pending', callId: { startsWith: topUpCallId('') } },
    });
    const settled = waiting.map(({ id }) => id);
    const outcome = { kind: 'edited' as const, by, args: canonicalJson(budget) };
    await transaction.approval.updateMany({ where: { id: { in: settled } }, data: settledAs(outcome, at) });
    await appendRecords(transaction, topUp, {
      events: numbered(runId, firstSequence, at, [
        { type: 'budget', data: { reason: `topped up by ${by}`, kind: 'topped-up' } },
        ...waiting.map(({ id, tool }) => ({
          type: 'approval' as const,
          data: { approvalId: id, tool, outcome: outcome.kind, by: [by] },
        })),
      ]),
      audit: [
        {
          key,
          kind: 'top-up',
          body: { organizationId, budget, by, isVerified, settled, firstSequence },
          at,
        },
      ],
    });
    return { accepted: true, budget, by, settled };
  });
}

function findingOf({ limit, message }: OpenTopUpInput): Finding {
  return { verdict: 'ask', layer: 'approvals', rule: `budget-${limit}`, message };
}

function actionOf(input: OpenTopUpInput): Action {
  return {
    tool: TOP_UP_TOOL,
    args: canonicalJson(input.budget),
    // It acts on the run alone.
    effect: 'read',
    marks: [],
    findings: [findingId(findingOf(input))],
    snapshot: input.snapshot,
    content: {},
  };
}
