import { submitAnswer } from '../../workflows/messages';
import type { QuestionAnswer, QuestionOutcome, Receipt } from '../domain/approval';
import { GatehouseError } from '../domain/errors';
import { visibleText } from '../domain/visible-text';
import type { StoredQuestion } from '../store/question-store';
import type { CommandDependencies } from './dependencies';
import { requireOpenRun } from './find-run';
import { accepted } from './submit';

export interface AnswerRequest {
  questionId: string;
  answer: string;
  by?: string;
  /** Whose question it must be. @default any run's */
  runId?: string;
}

export interface Answered {
  question: StoredQuestion;
  status: string;
}

/**
 * Gives a run the answer to its question.
 *
 * @throws GatehouseError `question-unknown`, `question-settled`, `answer-empty`, `run-ended`, `refused`,
 *   `control-unreachable`
 */
export const createAnswer =
  (dependencies: Pick<CommandDependencies, 'organizationId' | 'runs' | 'questions' | 'temporal'>) =>
  async ({ questionId, answer, by, runId }: AnswerRequest): Promise<Answered> => {
    const { organizationId, questions, temporal } = dependencies;
    const question = await questions.get(organizationId, questionId);
    if (!question || (runId !== undefined && question.runId !== runId))
      throw new GatehouseError(
        'question-unknown',
        `there is no question \`${visibleText(questionId, 80)}\`; \`gatehouse runs\` shows what waits`,
      );
    if (question.outcome) throw settled(question.id, question.outcome);
    if (answer.trim() === '') throw new GatehouseError('answer-empty', 'an answer needs some text');
    await requireOpenRun(dependencies, question.runId);
    const { status } = await accepted(() =>
      temporal.askRun(question.runId, (handle) =>
        handle.executeUpdate<Receipt, [QuestionAnswer]>(submitAnswer, {
          args: [{ questionId, answer, by }],
        }),
      ),
    );
    return { question, status };
  };

function settled(id: string, outcome: QuestionOutcome): GatehouseError {
  return new GatehouseError(
    'question-settled',
    `question \`${id}\` is settled already: ${describeAnswer(outcome)}`,
  );
}

function describeAnswer(outcome: QuestionOutcome): string {
  switch (outcome.kind) {
    case 'answered':
      return `answered by \`${visibleText(outcome.by ?? 'unknown', 80)}\``;
    case 'timed-out':
      return 'nobody answered in time';
  }
}
