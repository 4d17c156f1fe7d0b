import type { QuestionOutcome } from '../domain/approval';
import { alreadySettled, describeAnswer } from '../domain/settled';
import type { RecordExpiryInput, RecordedAnswer, RecordedExpiry } from '../domain/steps';
import type { AnswerToRecord } from '../policy/people-records';
import { appendRecords } from './audit-store';
import type { PrismaClient } from './generated/client';
import { readHalt } from './halt-store';
import { json, lockRun, refused, settledAs } from './people-transaction';
import { numbered } from './run-commit';

/** Takes the answer to a question; the first one counts. */
export async function recordAnswer(client: PrismaClient, input: AnswerToRecord): Promise<RecordedAnswer> {
  const { runId, organizationId, questionId, answer, by, isVerified, at } = input;
  return client.$transaction(async (transaction) => {
    await lockRun(transaction, runId);
    const question = await transaction.question.findFirst({
      where: { id: questionId, runId, organizationId },
    });
    if (!question) return refused(`there is no question \`${questionId}\` in this run`);
    const known = question.outcome as unknown as QuestionOutcome | null;
    if (known?.kind === 'answered' && known.answer === answer && known.by === by)
      return { accepted: true, outcome: known };
    if (known)
      return refused(
        alreadySettled('question', describeAnswer(known), question.settledAt?.getTime() ?? null),
      );
    const outcome: QuestionOutcome = { kind: 'answered', answer, by };
    await transaction.question.update({
      where: { id: questionId },
      data: { status: 'answered', outcome: json(outcome), settledAt: new Date(at) },
    });
    await appendRecords(transaction, input, {
      events: numbered(runId, input.firstSequence, at, [
        { type: 'answer', data: { questionId, by, outcome: outcome.kind } },
      ]),
      audit: [
        { key: `answer:${questionId}`, kind: 'answer', body: { questionId, answer, by, isVerified }, at },
      ],
    });
    return { accepted: true, outcome };
  });
}

/** Ends a wait that nobody ended in time; not while run, agent or organization is halted. */
export async function recordExpiry(
  client: PrismaClient,
  input: RecordExpiryInput & { at: number },
): Promise<RecordedExpiry> {
  const { runId, organizationId, kind, id, waitedMs, at } = input;
  return client.$transaction(async (transaction) => {
    await lockRun(transaction, runId);
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
