import { allHandlersFinished, condition, patched } from '@temporalio/workflow';
import type { RunOutcome } from '../src/domain/run';
import type { FinishInput } from '../src/domain/steps';
import { control } from './activities';
import type { Exclusive } from './exclusive';
import { codeOf } from './failures';
import type { People } from './people';
import type { RunState } from './run-state';
import type { Waiting } from './waiting';
import { discardWorkspace } from './workspace';

/** The end of a run: nothing waits for people any more, its outcome is recorded, its workspace goes. */
export class Ending {
  private recorded: FinishInput | null = null;

  constructor(
    private readonly run: RunState,
    private readonly people: People,
    private readonly waiting: Waiting,
    private readonly exclusively: Exclusive,
  ) {}

  /**
   * Done again, when a stop came while it was recorded, it records the same once more: a run has one end, in the database
   * and in Temporal.
   *
   * @returns how the run ended
   */
  async end(asked: RunOutcome): Promise<RunOutcome> {
    this.people.end();
    // What a handler answers comes before the end, in a replay as well.
    await condition(allHandlersFinished);
    const outcome = await this.exclusively(async () => {
      if (!this.recorded || !patched('first-end-stays')) this.recorded = this.inputOf(asked);
      try {
        await control.finish(this.recorded);
      } catch (error) {
        // Refused at dispatch, a run has no record to close.
        if (codeOf(error) !== 'run-unknown') throw error;
      }
      return this.recorded.outcome;
    });
    this.waiting.end(outcome);
    await discardWorkspace(this.run);
    await condition(allHandlersFinished);
    return outcome;
  }

  private inputOf(outcome: RunOutcome): FinishInput {
    const events = [
      ...this.run.takeEvents(),
      ...(outcome.status === 'BUDGET_EXCEEDED'
        ? [{ type: 'budget' as const, data: { reason: outcome.text, kind: 'exhausted' as const } }]
        : []),
      { type: 'status' as const, data: { status: outcome.status, text: outcome.text.slice(0, 2_000) } },
    ];
    return {
      runId: this.run.input.runId,
      organizationId: this.run.input.organizationId,
      outcome,
      usage: this.run.budget.snapshot(),
      events,
      firstSequence: this.run.takeSequence(events.length),
    };
  }
}
