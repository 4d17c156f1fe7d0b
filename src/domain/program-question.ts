import type { QuestionOutcome } from './approval';
import { NOBODY_ANSWERED } from './approval';

/** Payload of update `askFromProgram`: what a program inside an executing call asks a person. */
export interface ProgramQuestion {
  /** The call whose program asks; it executes right now. */
  callId: string;
  /** Which question of the call this is, from 1: the same again is the same question. */
  number: number;
  question: string;
  options: string[];
  /** Made with the key that the call's grant is bound to: names alone prove nothing. */
  proof: string;
}

/** What update `askFromProgram` answers. */
export type ProgramAnswer =
  | { kind: 'answered'; answer: string }
  /** `isTemporary`: nobody was asked, and the same question may be asked again. */
  | { kind: 'refused'; reason: string; isTemporary: boolean };

/** Questions that one call may ask. */
export const MAX_QUESTIONS_PER_CALL = 20;
/** Questions of one call that may be open at once: few, since a workflow takes ten updates at a time and people's words are some. */
export const MAX_OPEN_QUESTIONS = 3;

const MAX_QUESTION_LENGTH = 4_000;
const MAX_OPTIONS = 20;
const MAX_OPTION_LENGTH = 500;

/** Why this can be no question, or null. */
export function malformedQuestion({
  question,
  options,
}: {
  question: unknown;
  options: unknown;
}): string | null {
  if (typeof question !== 'string' || question.trim() === '') return '`question` must be text';
  if (question.length > MAX_QUESTION_LENGTH)
    return `\`question\` has at most ${MAX_QUESTION_LENGTH} characters`;
  if (!Array.isArray(options)) return '`options` must be a list of texts';
  if (options.length > MAX_OPTIONS) return `\`options\` are at most ${MAX_OPTIONS}`;
  if (!options.every((option) => typeof option === 'string' && option.trim() !== ''))
    return 'each of `options` must be text';
  if (options.some((option) => option.length > MAX_OPTION_LENGTH))
    return `each of \`options\` has at most ${MAX_OPTION_LENGTH} characters`;
  return null;
}

/** Whether both ask the same. */
export function isSameQuestion(one: AskedText, other: AskedText): boolean {
  return (
    one.question === other.question &&
    one.options.length === other.options.length &&
    one.options.every((option, index) => option === other.options[index])
  );
}

type AskedText = Pick<ProgramQuestion, 'question' | 'options'>;

/** What a program is told of how its question ended. */
export function answerOf(outcome: QuestionOutcome): ProgramAnswer {
  switch (outcome.kind) {
    case 'answered':
      return { kind: 'answered', answer: outcome.answer };
    case 'timed-out':
      return { kind: 'answered', answer: NOBODY_ANSWERED };
    case 'withdrawn':
      return refusedQuestion(`the question was withdrawn: ${outcome.reason}`);
  }
}

/** A refusal, final unless it says otherwise. */
export function refusedQuestion(reason: string, isTemporary = false): ProgramAnswer {
  return { kind: 'refused', reason, isTemporary };
}
