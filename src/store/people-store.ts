import type { ApprovalOutcome, QuestionOutcome } from '../domain/approval';
import type { Finding } from '../domain/decision';
import { GatehouseError } from '../domain/errors';
import type { RecordedAnswer, RecordedDecision, RecordedExpiry } from '../domain/steps';
import type { PeopleStore } from '../policy/people-records';
import { appendRecords } from './audit-store';
import { activeBreakGlass, recordBreakGlassUse } from './break-glass-store';
import { withBreakGlass } from './break-glass-votes';
import { isSameWord, outcomeOfVotes, refusalOfVote, type Vote } from './count-votes';
import type { Database } from './database';
import type { Prisma, PrismaClient } from './generated/client';
import { readHalt } from './halt-store';
import { numbered } from './run-commit';

/** Where people's words are kept: each in one transaction with its event and its audit record. */
export function createPeopleStore(database: Database): PeopleStore {
  const { client } = database;
  const store: PeopleStore = {
    async requiresSignatures(organizationId) {
      const organization = await client.organization.findUnique({ where: { id: organizationId } });
      return organization?.signatures !== 'OPTIONAL';
    },
    recordDecision: (decision) => recordDecision(client, decision),
    recordAnswer: (answer) => recordAnswer(client, answer),
    recordExpiry: (expiry) => recordExpiry(client, expiry),
    async recordTopUp(topUp) {
      const { runId, organizationId, firstSequence, budget, by, isVerified, at } = topUp;
      const body = { budget, by, isVerified };
      await client.$transaction((transaction) =>
        appendRecords(transaction, topUp, {
          events: numbered(runId, firstSequence, at, [
            { type: 'budget', data: { reason: `topped up by ${by}` } },
          ]),
          audit: [{ key: `top-up:${firstSequence}`, kind: 'top-up', body: { organizationId, ...body }, at }],
        }),
      );
    },
  };
  return database.guarded(store);
}

type Input<Method extends keyof PeopleStore> = Parameters<PeopleStore[Method]>[0];

async function recordDecision(
  client: PrismaClient,
  decision: Input<'recordDecision'>,
): Promise<RecordedDecision> {
  const { runId, organizationId, approvalId, at } = decision;
  return client.$transaction(async (transaction) => {
    await lock(transaction, runId);
    const approval = await transaction.approval.findFirst({
      where: { id: approvalId, runId, organizationId },
      include: {
        run: { select: { agent: true, requestedBy: true, organization: { select: { signatures: true } } } },
      },
    });
    if (!approval) return refused(`there is no approval \`${approvalId}\` in this run`);
    if (approval.actionHash !== decision.actionHash)
      return refused('`actionHash` is not that of this approval; look at `pending` again');
    const votes = approval.votes as unknown as Vote[];
    const { by, verdict, args, reason, isVerified } = decision;
    const vote: Vote = { by, verdict, args: args === approval.args ? null : args, reason, isVerified, at };
    const outcome = approval.outcome as unknown as ApprovalOutcome | null;
    if (votes.some((each) => isSameWord(each, vote))) return { accepted: true, outcome };
    if (outcome)
      return refused(
        `this approval is already settled: ${outcome.kind === 'void' ? `void, since ${outcome.reason}` : outcome.kind}`,
      );
    const findings = approval.findings as unknown as Finding[];
    const { requestedBy, organization } = approval.run;
    const requiresSignatures = organization.signatures !== 'OPTIONAL';
    const count = () => {
      const counted = [...votes, vote];
      const demanded = withBreakGlass(findings, counted);
      const refusal = refusalOfVote(vote, { findings: demanded, votes, requestedBy, requiresSignatures });
      return {
        counted,
        refusal,
        settled: outcomeOfVotes(counted, { findings: demanded, args: approval.args }),
      };
    };
    let { counted, refusal, settled } = count();
    if (verdict === 'approve' && (refusal || settled === null)) {
      const { agent } = approval.run;
      vote.breakGlass =
        (await activeBreakGlass(transaction, { organizationId, runId, agent, by })) ?? undefined;
      if (vote.breakGlass) ({ counted, refusal, settled } = count());
    }
    if (refusal) return refused(refusal);
    if (vote.breakGlass)
      await recordBreakGlassUse(transaction, organizationId, vote.breakGlass, {
        by,
        runId,
        approvalId,
        tool: approval.tool,
      });
    await transaction.approval.update({
      where: { id: approvalId },
      data: { votes: json(counted), ...(settled ? settledAs(settled, at) : {}) },
    });
    const { callId, actionHash, tool } = approval;
    await appendRecords(transaction, decision, {
      events: numbered(runId, decision.firstSequence, at, [
        {
          type: 'approval',
          data: {
            approvalId,
            tool,
            outcome: settled?.kind ?? 'pending',
            by: counted.map((each) => each.by),
            ...(vote.breakGlass ? { breakGlass: vote.breakGlass } : {}),
            ...(reason ? { reason } : {}),
          },
        },
      ]),
      audit: [
        {
          key: `approval:${approvalId}:${counted.length}`,
          kind: 'approval',
          body: { approvalId, callId, actionHash, ...vote, outcome: settled?.kind ?? null },
          at,
        },
      ],
    });
    return { accepted: true, outcome: settled };
  });
}

async function recordAnswer(client: PrismaClient, input: Input<'recordAnswer'>): Promise<RecordedAnswer> {
  const { runId, organizationId, questionId, answer, by, at } = input;
  return client.$transaction(async (transaction) => {
    await lock(transaction, runId);
    const question = await transaction.question.findFirst({
      where: { id: questionId, runId, organizationId },
    });
    if (!question) return refused(`there is no question \`${questionId}\` in this run`);
    const known = question.outcome as unknown as QuestionOutcome | null;
    if (known?.kind === 'answered' && known.answer === answer && known.by === by)
      return { accepted: true, outcome: known };
    if (known) return refused(`this question is already settled: ${known.kind}`);
    const outcome: QuestionOutcome = { kind: 'answered', answer, by };
    await transaction.question.update({
      where: { id: questionId },
      data: { status: 'answered', outcome: json(outcome), settledAt: new Date(at) },
    });
    await appendRecords(transaction, input, {
      events: numbered(runId, input.firstSequence, at, [
        { type: 'answer', data: { questionId, by, outcome: outcome.kind } },
      ]),
      audit: [{ key: `answer:${questionId}`, kind: 'answer', body: { questionId, answer, by }, at }],
    });
    return { accepted: true, outcome };
  });
}

async function recordExpiry(client: PrismaClient, input: Input<'recordExpiry'>): Promise<RecordedExpiry> {
  const { runId, organizationId, kind, id, waitedMs, at } = input;
  return client.$transaction(async (transaction) => {
    await lock(transaction, runId);
    const { agent } = await transaction.run.findUniqueOrThrow({
      where: { id: runId },
      select: { agent: true },
    });
    const halt = await readHalt(transaction, { runId, organizationId, agent });
    if (halt) return { kind: 'paused', since: halt.since };
    const recorded = { kind: 'recorded' } as const;
    const where = { id, runId, organizationId, status: 'pending' as const };
    if (kind === 'approval') {
      const approval = await transaction.approval.findFirst({ where });
      if (!approval) return recorded;
      await transaction.approval.update({
        where: { id },
        data: settledAs({ kind: 'expired', waitedMs }, at),
      });
      await appendRecords(transaction, input, {
        events: numbered(runId, input.firstSequence, at, [
          { type: 'approval', data: { approvalId: id, tool: approval.tool, outcome: 'expired', by: [] } },
        ]),
        audit: [
          {
            key: `expiry:${id}`,
            kind: 'approval',
            body: { approvalId: id, outcome: 'expired', waitedMs },
            at,
          },
        ],
      });
      return recorded;
    }
    const outcome: QuestionOutcome = { kind: 'timed-out', waitedMs };
    const { count } = await transaction.question.updateMany({
      where,
      data: { status: 'timed_out', outcome: json(outcome), settledAt: new Date(at) },
    });
    if (count === 0) return recorded;
    await appendRecords(transaction, input, {
      events: numbered(runId, input.firstSequence, at, [
        { type: 'answer', data: { questionId: id, by: null, outcome: 'timed-out' } },
      ]),
      audit: [
        { key: `expiry:${id}`, kind: 'answer', body: { questionId: id, outcome: 'timed-out', waitedMs }, at },
      ],
    });
    return recorded;
  });
}

/** One word about a run at a time, so that no vote is counted beside another. @throws GatehouseError `run-unknown` */
async function lock(transaction: Prisma.TransactionClient, runId: string): Promise<void> {
  const found = await transaction.$executeRaw`SELECT FROM "Run" WHERE "id" = ${runId} FOR NO KEY UPDATE`;
  if (found === 0) throw new GatehouseError('run-unknown', `there is no run \`${runId}\``);
}

function settledAs(outcome: ApprovalOutcome, at: number) {
  return { status: outcome.kind, outcome: json(outcome), settledAt: new Date(at) };
}

function refused(reason: string): { accepted: false; reason: string } {
  return { accepted: false, reason };
}

function json(value: object): Prisma.InputJsonValue {
  return value as Prisma.InputJsonValue;
}
