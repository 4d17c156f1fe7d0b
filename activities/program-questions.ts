import type { GrantVerifier } from '../src/broker/grant';
import { verifyQuestion } from '../src/broker/question-proof';
import { GatehouseError } from '../src/domain/errors';
import type {
  CloseProgramQuestionInput,
  VerifiedProgramQuestion,
  VerifyProgramQuestionInput,
} from '../src/domain/steps';
import type { ProgramQuestionStore } from '../src/store/program-question-store';
import { toFailure } from './failures';

export interface ProgramQuestionsDependencies {
  /** Of the keys that control itself signs grants with. */
  verifier: GrantVerifier;
  questions: ProgramQuestionStore;
  now(): number;
}

/** What programs ask people, beside the gate that each question passes. */
export const createProgramQuestions = ({ verifier, questions, now }: ProgramQuestionsDependencies) => ({
  /** Whether the question comes from the host that executes its call: whoever reaches Temporal can send one. */
  async verifyProgramQuestion({
    question,
    ...expected
  }: VerifyProgramQuestionInput): Promise<VerifiedProgramQuestion> {
    try {
      verifyQuestion(question, { ...expected, verifier, now: now() });
      return { accepted: true };
    } catch (error) {
      if (error instanceof GatehouseError) return { accepted: false, reason: error.message };
      throw toFailure(error);
    }
  },

  async closeProgramQuestion(input: CloseProgramQuestionInput): Promise<void> {
    try {
      await questions.close({ ...input, at: now() });
    } catch (error) {
      throw toFailure(error);
    }
  },
});
