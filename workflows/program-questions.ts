import { CancellationScope, condition, isCancellation, TemporalFailure } from '@temporalio/workflow';
import type { PendingQuestion, QuestionOutcome } from '../src/domain/approval';
import { BudgetExceededError } from '../src/domain/budget';
import type { ToolCall } from '../src/domain/call';
import {
  answerOf,
  isSameQuestion,
  MAX_OPEN_QUESTIONS,
  MAX_QUESTIONS_PER_CALL,
  malformedQuestion,
  type ProgramAnswer,
  type ProgramQuestion,
  refusedQuestion,
} from '../src/domain/program-question';
import { EVENTS_OF_PEOPLE, type GatedCall, type Grant } from '../src/domain/steps';
import { visibleText } from '../src/domain/visible-text';
import { control, localControl } from './activities';
import { eitherWay } from './either-way';
import type { Exclusive } from './exclusive';
import { gate } from './gate';
import { refusalOf } from './outcomes';
import type { People } from './people';
import type { RunState } from './run-state';
import { RunStoppedError, type Waiting } from './waiting';

/** Calls that execute now, whose programs may ask. */
interface Executing {
  grant: string;
  callIds: readonly string[];
  asked: Asked[];
}

/** One question of a program. */
interface Asked extends Pick<ProgramQuestion, 'callId' | 'number' | 'question' | 'options'> {
  /** Set once people see it. */
  questionId: string | null;
  isOpen: boolean;
  /** Set in the same breath. */
  answer: Promise<ProgramAnswer> | null;
}

const ENDED = 'the call that asked has ended';
/** Questions without proof that are still looked at; each costs a verification. */
const MAX_UNPROVEN = 100;

/**
 * Questions of programs: they come from the sandbox host while a call executes, pass the gate as a call of `ask-user`,
 * and are then questions as any other. The run's clock stands still while one is open.
 */
export class ProgramQuestions {
  private executing: Executing | null = null;
  private open = 0;
  private unproven = 0;

  constructor(
    private readonly run: RunState,
    private readonly people: People,
    private readonly waiting: Waiting,
    private readonly exclusively: Exclusive,
  ) {}

  /** Lets programs of these calls ask while the work goes on. What is open when it ends is withdrawn. */
  async during<T>({ token }: Grant, batch: readonly GatedCall[], work: () => Promise<T>): Promise<T> {
    const callIds = batch.filter((call) => call.mayAsk === true).map((call) => call.callId);
    const executing: Executing = { grant: token, callIds, asked: [] };
    this.executing = executing;
    try {
      return await work();
    } finally {
      this.executing = null;
      for (const asked of executing.asked) this.withdraw(asked);
      // Their clock stops with them, before the next step starts its own wait.
      await CancellationScope.nonCancellable(() => condition(() => this.open === 0));
    }
  }

  /** Why this question cannot count, or null. Synchronous: a rejected update leaves no trace in history. */
  refusalOf(question: ProgramQuestion): string | null {
    if (typeof question !== 'object' || question === null) return 'a question needs `callId` and `question`';
    const { callId, number, proof } = question;
    if (typeof callId !== 'string' || !this.executing?.callIds.includes(callId))
      return `no program of call \`${visibleText(String(callId), 40)}\` can ask now`;
    if (!Number.isInteger(number) || number < 1 || number > MAX_QUESTIONS_PER_CALL)
      return `a call asks at most ${MAX_QUESTIONS_PER_CALL} questions`;
    if (typeof proof !== 'string' || proof.length > 4_000 || this.unproven >= MAX_UNPROVEN)
      return 'a question comes with the proof of its sandbox host';
    return malformedQuestion(question);
  }

  /** Asks a person; the same question again waits for the same answer. */
  async ask(question: ProgramQuestion): Promise<ProgramAnswer> {
    const refusal = this.refusalOf(question);
    const { executing } = this;
    if (refusal || !executing) return refusedQuestion(refusal ?? ENDED);
    const verified = await this.verified(executing, question);
    if (verified) return verified;
    if (this.executing !== executing) return refusedQuestion(ENDED);
    const known = executing.asked.find(
      (asked) =>
        asked.callId === question.callId &&
        asked.number === question.number &&
        isSameQuestion(asked, question),
    );
    if (known?.answer) return known.answer;
    return this.askAnew(executing, question);
  }

  private async askAnew(executing: Executing, question: ProgramQuestion): Promise<ProgramAnswer> {
    const { callId, number } = question;
    const { asked } = executing;
    // A program that was started again asks something else now: nobody waits for the first any more.
    for (const each of asked) if (each.callId === callId && each.number === number) this.withdraw(each);
    if (asked.length >= MAX_QUESTIONS_PER_CALL)
      return refusedQuestion(`a call asks at most ${MAX_QUESTIONS_PER_CALL} questions`);
    if (asked.filter(({ isOpen }) => isOpen).length >= MAX_OPEN_QUESTIONS)
      return refusedQuestion(`at most ${MAX_OPEN_QUESTIONS} questions of a call can be open at once`, true);
    const { question: text, options } = question;
    const next: Asked = {
      callId,
      number,
      question: text,
      options,
      questionId: null,
      isOpen: true,
      answer: null,
    };
    asked.push(next);
    next.answer = this.put(executing, next, `ask-${callId}-${asked.length}`);
    const answer = await next.answer;
    next.isOpen = false;
    // Nobody was asked: it does not count, and may come again.
    if (answer.kind === 'refused' && answer.isTemporary) asked.splice(asked.indexOf(next), 1);
    return answer;
  }

  private async put(executing: Executing, asked: Asked, gateId: string): Promise<ProgramAnswer> {
    const { budget, budgetLimits } = this.run;
    this.run.noteMostlyUsed();
    try {
      budget.reserve(budgetLimits);
    } catch (error) {
      if (error instanceof BudgetExceededError) return refusedQuestion(`nobody is asked: ${error.message}`);
      throw error;
    }
    let isAsked = false;
    try {
      const { question, options } = asked;
      const args = JSON.stringify(options.length > 0 ? { question, options } : { question });
      const call: ToolCall = { id: gateId, tool: 'ask-user', args };
      const gated = await this.gated(executing, call);
      if (!gated) return refusedQuestion(ENDED);
      if (!gated.question) {
        // An approval that it asked for is not waited for.
        if (gated.approval) await this.close(gateId, 'a program cannot wait for an approval');
        return refusedQuestion(refusalOf(gated).text);
      }
      isAsked = true;
      return answerOf(await this.answered(executing, asked, gated.question));
    } catch (error) {
      if (isCancellation(error)) return refusedQuestion(ENDED);
      if (error instanceof RunStoppedError) return refusedQuestion(error.message);
      // Whatever a question meets ends the question, not the run.
      if (error instanceof TemporalFailure) return refusedQuestion('the question could not be recorded');
      throw error;
    } finally {
      if (isAsked) budget.commit();
      else budget.release();
    }
  }

  /** The question as gated; waits while everything is paused. Null when the call ended meanwhile. */
  private async gated(executing: Executing, call: ToolCall): Promise<GatedCall | null> {
    while (this.executing === executing) {
      const { calls, halt } = await gate(this.run, this.exclusively, [call], {});
      if (!halt) return calls[0] ?? null;
      await this.waiting.whileHalted(halt);
    }
    return null;
  }

  private async answered(
    executing: Executing,
    asked: Asked,
    question: PendingQuestion,
  ): Promise<QuestionOutcome> {
    const outcome =
      this.executing === executing
        ? await this.forAnswer(asked, question)
        : ({ kind: 'withdrawn', reason: ENDED } as const);
    if (outcome.kind === 'answered') this.run.hear(outcome.answer);
    await this.close(question.callId, outcome.kind === 'withdrawn' ? outcome.reason : ENDED);
    return outcome;
  }

  /** Waits as for any question; the run's clock stands still. */
  private async forAnswer(asked: Asked, question: PendingQuestion): Promise<QuestionOutcome> {
    asked.questionId = question.id;
    this.people.ask(question);
    if (this.open++ === 0) this.run.budget.startWaiting();
    this.waiting.set('WAITING_INPUT');
    try {
      return await this.people.answered(question.id);
    } catch (error) {
      if (!isCancellation(error)) throw error;
      return { kind: 'withdrawn', reason: 'the run was stopped' };
    } finally {
      if (--this.open === 0) {
        this.run.budget.stopWaiting();
        this.waiting.set('RUNNING');
      }
    }
  }

  private withdraw(asked: Asked): void {
    asked.isOpen = false;
    if (asked.questionId !== null) this.people.withdraw(asked.questionId, ENDED);
  }

  /** @returns the refusal of a question that does not come from the host that executes the call */
  private async verified({ grant }: Executing, question: ProgramQuestion): Promise<ProgramAnswer | null> {
    const { runId, organizationId } = this.run.input;
    try {
      const input = { runId, organizationId, grant, question };
      const verified = await eitherWay(
        localControl.verifyProgramQuestion,
        control.verifyProgramQuestion,
        input,
      );
      if (verified.accepted) return null;
      this.unproven++;
      return refusedQuestion(verified.reason);
    } catch (error) {
      if (error instanceof TemporalFailure)
        return refusedQuestion('the question could not be verified', true);
      throw error;
    }
  }

  /** Records that nobody waits for an answer any more, where it is not settled already. */
  private async close(callId: string, reason: string): Promise<void> {
    const { runId, organizationId } = this.run.input;
    try {
      await CancellationScope.nonCancellable(() =>
        this.exclusively(() =>
          eitherWay(localControl.closeProgramQuestion, control.closeProgramQuestion, {
            runId,
            organizationId,
            firstSequence: this.run.takeSequence(EVENTS_OF_PEOPLE),
            callId,
            reason,
          }),
        ),
      );
    } catch (error) {
      // What a person said counts all the same.
      if (!(error instanceof TemporalFailure)) throw error;
    }
  }
}
