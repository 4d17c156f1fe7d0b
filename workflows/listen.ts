import { setHandler, TemporalFailure } from '@temporalio/workflow';
import type { TopUp } from '../src/domain/budget';
import type { Halts } from './halts';
import {
  answer,
  askFromProgram,
  decide,
  haltChanged,
  pause,
  pending,
  policyChanged,
  resume,
  status,
  submitAnswer,
  submitDecision,
  submitRevocation,
  submitTopUp,
  topUp,
  transcript,
  usage,
} from './messages';
import type { People } from './people';
import type { ProgramQuestions } from './program-questions';
import type { RunState } from './run-state';
import type { Waiting } from './waiting';
import type { Words } from './words';

/** Invalid signals that are still looked at; later ones are dropped, so that they cannot fill the history. */
const MAX_INVALID_SIGNALS = 100;

/**
 * Sets all handlers, before the run's first await: what arrives early is kept. Signals cannot be answered, so a refused
 * one is counted; updates say why.
 */
export function listen(
  run: RunState,
  people: People,
  words: Words,
  waiting: Waiting,
  halts: Halts,
  programs: ProgramQuestions,
): void {
  const tolerated = () => run.invalidSignals < MAX_INVALID_SIGNALS;
  const refused = () => {
    if (tolerated()) run.invalidSignals++;
  };
  /** Each of these cost a recording, unlike those that are refused at sight. */
  let refusedByControl = 0;
  /** INVARIANT: nothing that a signal brings ends the run; what a handler throws would. */
  const attempt = async (isAccepted: () => Promise<boolean>) => {
    if (refusedByControl >= MAX_INVALID_SIGNALS) return;
    try {
      if (await isAccepted()) return;
    } catch (error) {
      if (!(error instanceof TemporalFailure)) throw error;
    }
    refusedByControl++;
    refused();
  };

  // Looked at before they are counted, so that no number of invalid ones shuts a valid one out.
  setHandler(
    decide,
    (decision) =>
      words.refusalOfDecision(decision) === null
        ? attempt(async () => (await words.decide(decision)).accepted)
        : refused(),
    {
      description:
        'Approves or denies a held call: {approvalId, decision, actionHash, by?, reason?, args?, scope?, signature?}',
    },
  );
  setHandler(
    answer,
    (given) =>
      words.refusalOfAnswer(given) === null
        ? attempt(async () => (await words.answer(given)).accepted)
        : refused(),
    { description: 'Answers a question: {questionId, answer, by?, signature?}' },
  );
  setHandler(submitDecision, (decision) => words.decide(decision), {
    validator: (decision) => rejectWith(words.refusalOfDecision(decision)),
    description: 'As signal `decide`, and says whether it was accepted',
  });
  setHandler(submitAnswer, (given) => words.answer(given), {
    validator: (given) => rejectWith(words.refusalOfAnswer(given)),
    description: 'As signal `answer`, and says whether it was accepted',
  });
  setHandler(askFromProgram, (question) => programs.ask(question), {
    validator: (question) => rejectWith(programs.refusalOf(question)),
    description: 'Asks a person for a program of an executing call; sent by its sandbox host, with proof',
  });
  setHandler(
    policyChanged,
    () => {
      run.policyChanges++;
    },
    { description: 'Says that the policy changed: what waits for approval is decided again' },
  );
  setHandler(haltChanged, () => halts.look(), {
    description: 'Says that a halt of run, agent or organization changed: the run asks the database',
  });
  setHandler(
    pause,
    (request) => {
      if (!isRequest(request)) return refused();
      run.setPause({ by: request.by, reason: request.reason });
      waiting.refresh();
    },
    { description: 'Holds the run before its next step: {by, reason}' },
  );
  setHandler(
    resume,
    (request) => {
      if (!isRequest(request)) return refused();
      run.setPause(null);
      waiting.refresh();
      return run.halt ? halts.look() : undefined;
    },
    { description: 'Lets a paused run go on: {by, reason}' },
  );
  setHandler(submitTopUp, (request) => words.topUp(request), {
    validator: (request) => rejectWith(words.refusalOfTopUp(request)),
    description: 'As signal `topUp`, and says whether it was accepted',
  });
  setHandler(submitRevocation, (revocation) => words.revoke(revocation), {
    validator: (revocation) => rejectWith(words.refusalOfRevocation(revocation)),
    description: 'Ends an approval given for the rest of the run: {approvalId, by?, signature?}',
  });
  const raise = async (request: TopUp) => (await words.topUp(request)).accepted;
  setHandler(topUp, (request) => (tolerated() ? attempt(() => raise(request)) : undefined), {
    description: 'Raises the budget: {budget, by, signature?}',
  });

  setHandler(
    status,
    () => ({
      status: waiting.status,
      turn: run.turn,
      text: waiting.outcomeText ?? run.paused?.reason ?? null,
    }),
    { description: 'Status, turn and, once there is one, outcome' },
  );
  setHandler(
    usage,
    () => ({
      usage: run.budget.snapshot(),
      budget: run.limits,
      elapsedMs: run.budget.elapsedMs(),
      invalidSignals: run.invalidSignals,
    }),
    { description: 'What was used, of what' },
  );
  setHandler(pending, () => people.pending, { description: 'Approvals and questions that wait for people' });
  setHandler(transcript, (request) => run.transcript.page(Number(request?.since ?? 0) || 0), {
    description: 'What model and tools said, a page from entry {since}',
  });
}

function rejectWith(reason: string | null): void {
  if (reason !== null) throw new Error(reason);
}

function isRequest(request: unknown): request is { by: string; reason: string } {
  return (
    typeof request === 'object' &&
    request !== null &&
    typeof (request as { by?: unknown }).by === 'string' &&
    typeof (request as { reason?: unknown }).reason === 'string'
  );
}
