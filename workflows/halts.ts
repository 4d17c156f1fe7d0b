import { CancellationScope, condition, TemporalFailure } from '@temporalio/workflow';
import { EVENTS_OF_HALT } from '../src/domain/steps';
import { localControl, control as regularControl } from './activities';
import { eitherWay } from './either-way';
import type { Exclusive } from './exclusive';
import type { RunState } from './run-state';
import type { Waiting } from './waiting';

/** How soon a halted run looks again by itself, should the signal of its resume be lost. */
const FIRST_RECHECK_MS = 30_000;
/** Later ones are further apart, at six events each: a pause of months must not fill the history, which ends the run. */
const LONGEST_RECHECK_MS = 60 * 60_000;

/**
 * Keeps the run's idea of whether it is halted close to the database, which alone says so. What is paused looks again
 * from time to time; what is stopped is ended at once.
 */
export class Halts {
  private looks = 0;
  private isWatching = false;
  private latest: Promise<void> = Promise.resolve();

  constructor(
    private readonly run: RunState,
    private readonly waiting: Waiting,
    private readonly exclusively: Exclusive,
    /** Ends what the run is at. */
    private readonly stop: () => void,
  ) {}

  /** Asks the database; afterwards the run knows. What cannot be asked is found out by the next gate. */
  look(): Promise<void> {
    this.latest = CancellationScope.nonCancellable(() => this.lookOnce());
    return this.latest;
  }

  /** Resolves once nothing is being looked up: who stopped the run is known then. */
  settled(): Promise<void> {
    return this.latest;
  }

  /** Goes on watching a halt that came with the run's state. */
  watch(): void {
    if (this.isWatching || this.run.halt === null) return;
    this.isWatching = true;
    this.watchWhileHalted()
      .catch(() => undefined)
      .finally(() => {
        this.isWatching = false;
      });
  }

  private async lookOnce(): Promise<void> {
    if (this.waiting.hasEnded) return;
    try {
      const { run } = this;
      const halt = await this.exclusively(() =>
        eitherWay(localControl.noteHalt, regularControl.noteHalt, {
          runId: run.input.runId,
          organizationId: run.input.organizationId,
          agent: run.input.agent,
          known: run.halt,
          status: this.waiting.activeStatus,
          firstSequence: run.takeSequence(EVENTS_OF_HALT),
        }),
      );
      run.setHalt(halt);
    } catch (error) {
      if (!(error instanceof TemporalFailure)) throw error;
      return;
    } finally {
      this.looks++;
    }
    this.waiting.refresh();
    if (this.run.halt?.halt === 'stopped') this.stop();
    else this.watch();
  }

  private async watchWhileHalted(): Promise<void> {
    for (
      let recheckMs = FIRST_RECHECK_MS;
      this.run.halt?.halt === 'paused';
      recheckMs = Math.min(recheckMs * 2, LONGEST_RECHECK_MS)
    ) {
      const seen = this.looks;
      const isTold = await condition(() => this.run.halt === null || this.looks > seen, recheckMs, {
        summary: 'paused: looks whether it goes on',
      });
      if (!isTold) await this.look();
    }
  }
}
