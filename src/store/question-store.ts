import type { PendingQuestion, QuestionOutcome } from '../domain/approval';
import type { Database } from './database';
import type { Question } from './generated/client';

export type QuestionStore = ReturnType<typeof createQuestionStore>;

export interface StoredQuestion extends PendingQuestion {
  runId: string;
  /** Null while it waits. */
  outcome: QuestionOutcome | null;
  /** Milliseconds since the epoch. */
  createdAt: number;
}

export const createQuestionStore = (database: Database) =>
  database.guarded({
    /** Those that wait for an answer, oldest first; of one run where one is named. */
    async listPending(organizationId: string, runId?: string): Promise<StoredQuestion[]> {
      const rows = await database.client.question.findMany({
        where: { organizationId, runId, status: 'pending', run: { endedAt: null } },
        orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
      });
      return rows.map(questionOf);
    },

    async get(organizationId: string, id: string): Promise<StoredQuestion | null> {
      const row = await database.client.question.findFirst({ where: { id, organizationId } });
      return row ? questionOf(row) : null;
    },
  });

function questionOf(row: Question): StoredQuestion {
  return {
    id: row.id,
    runId: row.runId,
    callId: row.callId,
    question: row.question as string,
    options: row.options as string[],
    expiresAt: row.expiresAt.getTime(),
    outcome: row.outcome as unknown as QuestionOutcome | null,
    createdAt: row.createdAt.getTime(),
  };
}
