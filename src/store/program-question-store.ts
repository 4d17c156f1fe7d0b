import type { QuestionOutcome } from '../domain/approval';
import type { CloseProgramQuestionInput } from '../domain/steps';
import { appendRecords } from './audit-store';
import type { Database } from './database';
import type { Prisma } from './generated/client';
import { numbered } from './run-commit';

export type ProgramQuestionStore = ReturnType<typeof createProgramQuestionStore>;

export const createProgramQuestionStore = (database: Database) =>
  database.guarded({
    /**
     * Nobody waits any more for what was asked under this call id: what is open of it is withdrawn. With nothing else
     * that waits, the run is shown as running again. Done again, it changes nothing.
     */
    async close(input: CloseProgramQuestionInput & { at: number }): Promise<void> {
      const { runId, organizationId, callId, reason, at } = input;
      const settledAt = new Date(at);
      await database.client.$transaction(async (transaction) => {
        await transaction.$executeRaw`SELECT FROM "Run" WHERE "id" = ${runId} FOR NO KEY UPDATE`;
        const open = { runId, organizationId, callId, status: 'pending' as const };
        const question = await transaction.question.findFirst({ where: open, select: { id: true } });
        if (question) {
          const { id: questionId } = question;
          const outcome: QuestionOutcome = { kind: 'withdrawn', reason };
          await transaction.question.update({
            where: { id: questionId },
            data: { status: 'withdrawn', outcome: json(outcome), settledAt },
          });
          await appendRecords(transaction, input, {
            events: numbered(runId, input.firstSequence, at, [
              { type: 'answer', data: { questionId, by: null, outcome: outcome.kind } },
            ]),
            audit: [
              { key: `withdrawal:${questionId}`, kind: 'answer', body: { questionId, ...outcome }, at },
            ],
          });
        }
        await transaction.approval.updateMany({
          where: open,
          data: { status: 'void', outcome: json({ kind: 'void', reason }), settledAt },
        });
        await transaction.$executeRaw`UPDATE "Run" SET "status" = 'RUNNING' WHERE "id" = ${runId}
          AND "organizationId" = ${organizationId} AND "endedAt" IS NULL
          AND "status" IN ('WAITING_INPUT', 'WAITING_APPROVAL')
          AND NOT EXISTS (SELECT FROM "Question" q WHERE q."runId" = ${runId} AND q."status" = 'pending')
          AND NOT EXISTS (SELECT FROM "Approval" a WHERE a."runId" = ${runId} AND a."status" = 'pending')`;
      });
    },
  });

function json(value: object): Prisma.InputJsonValue {
  return value as Prisma.InputJsonValue;
}
