import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  TemporalFailure,
  workflowInfo,
} from '@temporalio/workflow';
import { BudgetExceededError } from '../src/domain/budget';
import type { RunInput, RunOutcome } from '../src/domain/run';
import { control } from './activities';
import { CarryOut } from './carry-out';
import { Ending } from './ending';
import { createExclusive, type Exclusive } from './exclusive';
import { publicTextOf } from './failures';
import { Halts } from './halts';
import { listen } from './listen';
import { createOperatorView, labelRun } from './operator-view';
import { People } from './people';
import { ProgramQuestions } from './program-questions';
import { type CarriedRun, RunState } from './run-state';
import { takeTurn } from './take-turn';
import { RunStoppedError, stoppedText, Waiting } from './waiting';
import { Words } from './words';

/**
 * Length of our own state at which the run continues as new: its input may not pass Temporal's 2 MiB. What archiving
 * cannot take away does not count, or the run would continue for ever.
 */
const MAX_STATE_LENGTH = 900_000;

/**
 * One agent run: dispatched under a pinned policy, then turn after turn, each call decided before it happens.
 *
 * @param carried only set by the run itself when it continues as new
 * @returns the outcome of a run that completed or used up its budget; a failed run fails the workflow with its public
 *   text, a stopped one ends cancelled
 */
export async function agentRun(input: RunInput, carried?: CarriedRun): Promise<RunOutcome> {
  requireOwnStart(input, carried);
  const run = new RunState(input, Date.now, carried);
  const exclusively = createExclusive();
  const people = new People(run, exclusively, () => halts.look());
  const story = new CancellationScope();
  const waiting = new Waiting(run, people, createOperatorView(run, people), () => halts.look());
  const halts: Halts = new Halts(run, waiting, exclusively, () => story.cancel());
  const programs = new ProgramQuestions(run, people, waiting, exclusively);
  const parts = { run, people, waiting, exclusively, programs };
  const ending = new Ending(run, people, waiting, exclusively);
  listen(run, people, new Words(run, people, exclusively), waiting, halts, programs);

  try {
    return await story.run(() => tell(parts, halts, ending, carried !== undefined));
  } catch (error) {
    await CancellationScope.nonCancellable(() => halts.settled());
    const reached = outcomeOf(error, run);
    const outcome = await CancellationScope.nonCancellable(() => ending.end(reached));
    if (outcome.status === 'CANCELLED' && isCancellation(error) && !isOwnStop(story)) throw error;
    if (outcome.status === 'FAILED')
      throw ApplicationFailure.nonRetryable(outcome.text, 'RunFailed', outcome);
    return outcome;
  }
}

/** The story of a run: turn after turn, until the model has nothing more to do. */
async function tell(parts: RunParts, halts: Halts, ending: Ending, isCarried: boolean): Promise<RunOutcome> {
  const { run, people, waiting, exclusively, programs } = parts;
  if (!isCarried) {
    const dispatched = await control.dispatch(run.input);
    run.begin(dispatched);
    labelRun(run);
    if (dispatched.halt) await halts.look();
  }
  halts.watch();
  waiting.set('RUNNING');
  for (;;) {
    await waiting.whilePaused();
    if (isLarge(run)) return await startAfresh(run);
    await waiting.withinBudget(() => run.budget.check(run.budgetLimits));
    const turn = await takeTurn(parts);
    if (turn.calls.length === 0) return await ending.end({ status: 'COMPLETED', text: turn.text });
    await new CarryOut(run, people, waiting, exclusively, turn.calls, programs).carryOut();
  }
}

/** Whether the run ended itself, having found in the database that it is stopped; Temporal knows of no cancellation. */
function isOwnStop(story: CancellationScope): boolean {
  return story.consideredCancelled && !CancellationScope.current().consideredCancelled;
}

/**
 * What is needed to run at all; dispatch reads the rest strictly.
 *
 * INVARIANT: only the run itself hands on its state, or whoever starts a workflow could skip dispatch with one of his own.
 */
function requireOwnStart(input: unknown, carried: unknown): void {
  if (carried !== undefined && !workflowInfo().continuedFromExecutionRunId)
    throw ApplicationFailure.nonRetryable('a run is started with its input alone', 'input-malformed');
  const given = (typeof input === 'object' && input !== null ? input : {}) as Record<string, unknown>;
  const missing = ['runId', 'organizationId', 'agent', 'prompt', 'requestedBy'].filter(
    (name) => typeof given[name] !== 'string',
  );
  if (missing.length > 0)
    throw ApplicationFailure.nonRetryable(
      `the input of a run needs ${missing.map((name) => `\`${name}\``).join(', ')} as text`,
      'input-malformed',
    );
}

/** @throws what is not a named end of a run: a defect, which Temporal retries until a fixed worker is deployed */
function outcomeOf(error: unknown, run: RunState): RunOutcome {
  if (error instanceof BudgetExceededError) return { status: 'BUDGET_EXCEEDED', text: error.message };
  if (error instanceof RunStoppedError) return { status: error.status, text: error.message };
  if (isCancellation(error)) return { status: 'CANCELLED', text: stoppedText(run) };
  if (error instanceof TemporalFailure) return { status: 'FAILED', text: publicTextOf(error) };
  throw error;
}

interface RunParts {
  programs: ProgramQuestions;
  run: RunState;
  people: People;
  waiting: Waiting;
  exclusively: Exclusive;
}

function isLarge(run: RunState): boolean {
  return workflowInfo().continueAsNewSuggested || run.transcript.archivableSize > MAX_STATE_LENGTH;
}

/** Continues as new: the transcript's content is archived first, what crosses is a bounded tail and hashes. */
async function startAfresh(run: RunState): Promise<never> {
  const artifacts: string[] = [];
  for (const entries of run.transcript.archivable())
    artifacts.push(...(await control.archive({ runId: run.input.runId, entries })).artifacts);
  run.transcript.replaceArchived(artifacts);
  await condition(allHandlersFinished);
  return continueAsNew<typeof agentRun>(run.input, run.carry());
}
