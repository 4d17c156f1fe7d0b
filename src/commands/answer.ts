import { submitAnswer } from '../../workflows/messages';
import type { QuestionAnswer, QuestionOutcome, Receipt } from '../domain/approval';
import { GatehouseError } from '../domain/errors';
import { describeAnswer } from '../domain/settled';
import { visibleText } from '../domain/visible-text';
import { answerWord } from '../identity/words';
import type { StoredQuestion } from '../store/question-store';
import type { CommandDependencies } from './dependencies';
import { requireOpenRun } from './find-run';
import { signatureOf, speakerOf } from './speaker';
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
 * @throws GatehouseError `question-unknown`, `question-settled`, `answer-empty`, `speaker-other`, `run-ended`,
 *   `refused`, `control-unreachable`
 */
export const createAnswer =
  (
    dependencies: Pick<CommandDependencies, 'organizationId' | 'runs' | 'questions' | 'temporal' | 'signer'>,
  ) =>
  async ({ questionId, answer, by, runId }: AnswerRequest): Promise<Answered> => {
    const { organizationId, questions, temporal } = dependencies;
    const speaker = speakerOf(dependencies, by);
    const question = await questions.get(organizationId, questionId);
    if (!question || (runId !== undefined && question.runId !== runId))
      throw new GatehouseError(
        'question-unknown',
        `there is no question \`${visibleText(questionId, 80)}\`; \`gatehouse runs\` shows what waits`,
      );
    if (question.outcome) throw settled(question.id, question.outcome);
    if (answer.trim() === '') throw new GatehouseError('answer-empty', 'an answer needs some text');
    await requireOpenRun(dependencies, question.runId);
    const said: QuestionAnswer = { questionId, answer, by: speaker };
    const place = { organizationId, runId: question.runId };
    const signed = { ...said, ...signatureOf(dependencies, () => answerWord(place, said)) };
    const { status } = await accepted(() =>
      temporal.askRun(question.runId, (handle) =>
        handle.executeUpdate<Receipt, [QuestionAnswer]>(submitAnswer, {
          args: [signed],
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
