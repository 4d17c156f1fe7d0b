import { condition, patched } from '@temporalio/workflow';
import { type AgentBudget, BudgetExceededError } from '../src/domain/budget';
import { describeHalt } from '../src/domain/halt';
import type { RunOutcome, RunStatus } from '../src/domain/run';
import { runsOut } from './countdown';
import type { People } from './people';
import type { RunState } from './run-state';

/** Ends the run from inside a step, with its status and public text. */
export class RunStoppedError extends Error {
  override readonly name = 'RunStoppedError';

  constructor(
    readonly status: RunOutcome['status'],
    message: string,
  ) {
    super(message);
  }
}

/** How often the database is asked whether a paused organization goes on. A signal makes it faster. */
const HALT_RECHECK_MS = 30_000;

/** The waits of a run: what it shows meanwhile, and that waiting does not count against its time. */
export class Waiting {
  private shown: RunStatus = 'QUEUED';
  private outcome: RunOutcome | null = null;
  /** Counts the signals that may have changed whether the run is halted. */
  private nudges = 0;

  constructor(
    private readonly run: RunState,
    private readonly people: People,
    /** Called whenever the status that people see changes. */
    private readonly show: (status: RunStatus) => void,
    /** Has the run ask the database who halted it. */
    private readonly lookAtHalt: () => Promise<void>,
  ) {}

  get status(): RunStatus {
    if (this.outcome) return this.outcome.status;
    return this.run.paused ? 'PAUSED' : this.shown;
  }

  /** What the run is at, whether or not it is paused at it. */
  get activeStatus(): RunStatus {
    return this.shown;
  }

  get hasEnded(): boolean {
    return this.outcome !== null;
  }

  /** Public text of how the run ended; null before. */
  get outcomeText(): string | null {
    return this.outcome?.text ?? null;
  }

  end(outcome: RunOutcome): void {
    this.outcome = outcome;
    this.show(outcome.status);
  }

  set(status: RunStatus): void {
    this.shown = status;
    this.show(this.status);
  }

  /** Something else that is part of the status changed: the run was paused or resumed. */
  refresh(): void {
    this.nudges++;
    this.show(this.status);
  }

  /** Waits for people; the run's clock stands still. */
  async forPeople<T>(status: RunStatus, wait: () => Promise<T>): Promise<T> {
    this.run.budget.startWaiting();
    this.set(status);
    try {
      const result = await wait();
      await this.whilePaused();
      return result;
    } finally {
      this.run.budget.stopWaiting();
      this.set('RUNNING');
    }
  }

  async whilePaused(): Promise<void> {
    if (!this.run.paused) return;
    const wasWaiting = this.run.budget.snapshot().waitingSince !== null;
    this.run.budget.startWaiting();
    await condition(() => this.run.paused === null);
    if (!wasWaiting) this.run.budget.stopWaiting();
  }

  /** A gate found run, agent or organization halted in the database. */
  async whileHalted(halt: 'stopped' | 'paused'): Promise<void> {
    if (patched('halt-looked-at')) {
      await this.lookAtHalt();
      if (this.run.paused) return this.whilePaused();
    }
    if (halt === 'stopped') throw new RunStoppedError('CANCELLED', stoppedText(this.run));
    this.run.budget.startWaiting();
    this.set('PAUSED');
    const seen = this.nudges;
    await condition(() => this.nudges > seen, HALT_RECHECK_MS, { summary: 'the organization is paused' });
    this.run.budget.stopWaiting();
    this.set('RUNNING');
  }

  /**
   * Does something that the budget may refuse. Where the agent chose so, an exhausted budget waits for a top-up.
   *
   * @throws BudgetExceededError when it does not wait, or nobody topped up in time
   */
  async withinBudget(spend: () => void): Promise<void> {
    for (;;) {
      this.run.noteMostlyUsed();
      try {
        return spend();
      } catch (error) {
        if (!(error instanceof BudgetExceededError) || this.run.pinned.onBudget === 'fail') throw error;
        const { message: reason, limit } = error;
        this.run.note({ type: 'budget', data: { reason, kind: 'exhausted', ...(limit ? { limit } : {}) } });
        // A run that an earlier release dispatched keeps the steps it knows.
        const isRaised =
          limit && this.run.pinned.people
            ? await this.forTopUp(limit, reason)
            : await this.forAnyTopUp(reason);
        if (!isRaised) throw error;
      }
    }
  }

  /** Shows people which limit is reached, and waits for what they say. */
  private async forTopUp(limit: keyof AgentBudget, reason: string): Promise<boolean> {
    const { id, args } = await this.people.askForTopUp(limit, reason, this.run.amountFor(limit));
    const outcome = await this.forPeople('WAITING_APPROVAL', () => this.people.approved(id));
    switch (outcome.kind) {
      case 'approved':
        this.run.raiseLimits(JSON.parse(args));
        return true;
      case 'edited':
        this.run.raiseLimits(JSON.parse(outcome.args));
        return true;
      case 'denied':
      case 'expired':
      case 'void':
        return false;
      default:
        return outcome satisfies never;
    }
  }

  private forAnyTopUp(reason: string): Promise<boolean> {
    const limits = this.run.limits;
    return this.forPeople('WAITING_APPROVAL', async () => {
      const isToppedUp = () => this.run.limits !== limits;
      const summary = `${reason}: waiting for a top-up`;
      return !(await runsOut(this.run, isToppedUp, this.run.pinned.waitForPeopleMs, summary));
    });
  }
}

/** What a stopped run says of its end. */
export function stoppedText({ halt }: RunState): string {
  return halt?.halt === 'stopped' ? describeHalt(halt) : 'stopped by an operator';
}
