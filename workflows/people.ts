import { condition, isCancellation } from '@temporalio/workflow';
import type {
  ApprovalOutcome,
  PendingApproval,
  PendingQuestion,
  QuestionOutcome,
} from '../src/domain/approval';
import type { AgentBudget } from '../src/domain/budget';
import { progressOf } from '../src/domain/count-votes';
import { EVENTS_OF_PEOPLE, type GateInput, type GateResult } from '../src/domain/steps';
import { visibleText } from '../src/domain/visible-text';
import { localControl, control as regularControl } from './activities';
import { runsOut } from './countdown';
import { eitherWay } from './either-way';
import type { Exclusive } from './exclusive';
import { type Held, type HeldApproval, HeldItems, settle } from './held';
import type { PendingView } from './messages';
import { promptsOf, summaryOf } from './prompts';
import type { RunState } from './run-state';

/** A gate that is asked together with what it waits for. */
export interface FollowingGate {
  input(): GateInput;
  take(result: GateResult): void;
}

/** The people in the loop: what is pending, and the durable waits. What they say comes in by `words.ts`. */
export class People {
  readonly approvals = new HeldItems<PendingApproval, ApprovalOutcome>();
  readonly questions = new HeldItems<PendingQuestion, QuestionOutcome>();
  /** Nothing waits for anybody any more. */
  hasEnded = false;
  /** The approval that the run can do nothing without, and what comes after it. */
  awaited: { id: string; following: FollowingGate } | null = null;

  constructor(
    private readonly run: RunState,
    private readonly exclusively: Exclusive,
    /** Has the run ask the database who halted it. */
    private readonly lookAtHalt: () => Promise<void>,
  ) {}

  /** Shows an approval to people and starts its timers; an approval already shown stays as it is. */
  hold(approval: PendingApproval): void {
    const summary = `approval ${approval.id}: ${approval.tool}`;
    const shown = this.approvals.add(approval, (held) => this.wait('approval', held, summary));
    // It ends with the approval; should the run end before, nobody needs telling.
    if (shown) this.prompt(shown).catch(() => undefined);
  }

  /** Shows a question to people and starts its timer. */
  ask(question: PendingQuestion): void {
    const text = this.run.pinned.isEncrypted ? '' : `: ${visibleText(question.question, 80)}`;
    const summary = `question ${question.id}${text}`;
    this.questions.add(question, (held) => this.wait('question', held, summary));
  }

  /** Asks people to raise a limit that is reached; see `topUp` for amounts that nobody was asked for. */
  async askForTopUp(
    limit: keyof AgentBudget,
    message: string,
    budget: Partial<AgentBudget>,
  ): Promise<PendingApproval> {
    return this.exclusively(async () => {
      const approval = await eitherWay(localControl.openTopUp, regularControl.openTopUp, {
        ...this.address(),
        ...{ limit, message, budget },
        snapshot: this.run.pinned.snapshot,
        usage: this.run.budget.snapshot(),
        expiresAt: Date.now() + this.run.pinned.waitForPeopleMs,
      });
      this.hold(approval);
      return approval;
    });
  }

  /**
   * How the approval was settled, or that it expired; null when `isOvertaken` comes true before.
   *
   * @param following what the gate is asked together with the decision that approves it
   */
  async approvedOr(
    id: string,
    isOvertaken: () => boolean,
    following: FollowingGate,
  ): Promise<ApprovalOutcome | null> {
    this.awaited = { id, following };
    try {
      return await endedOr(this.approved(id), isOvertaken);
    } finally {
      this.awaited = null;
    }
  }

  /** How the approval was settled, or that it expired. */
  approved(id: string): Promise<ApprovalOutcome> {
    return this.approvals.of(id).ended;
  }

  /** How the question was settled; null when `isOvertaken` comes true before. */
  answeredOr(id: string, isOvertaken: () => boolean): Promise<QuestionOutcome | null> {
    return endedOr(this.answered(id), isOvertaken);
  }

  /** Resolves when the question is answered, or nobody did. */
  answered(id: string): Promise<QuestionOutcome> {
    return this.questions.of(id).ended;
  }

  /** Ends a question whose program no longer waits; what was answered stays. */
  withdraw(id: string, reason: string): void {
    const question = this.questions.get(id);
    if (question) question.outcome ??= { kind: 'withdrawn', reason };
  }

  /** Ends approvals that the gate replaced: other content or a stricter policy. */
  voidExcept(callId: string, id: string | null, reason: string): void {
    for (const approval of this.approvals.open)
      if (approval.item.callId === callId && approval.item.id !== id)
        settle(approval, { kind: 'void', reason });
  }

  /** The run ended: nothing waits for anybody any more. */
  end(): void {
    this.hasEnded = true;
  }

  get pending(): PendingView {
    if (this.hasEnded) return { approvals: [], questions: [] };
    return {
      approvals: this.approvals.open.map(({ item, progress }) => ({
        ...item,
        progress: progress ?? progressOf([], { findings: item.findings, escalatedTo: null }),
      })),
      questions: this.questions.open.map(({ item }) => item),
    };
  }

  /** One durable timer until the item is settled, or nobody did. */
  private async wait<Item extends { id: string }, Outcome>(
    kind: 'approval' | 'question',
    item: Held<Item, Outcome>,
    summary: string,
  ): Promise<Outcome> {
    const limitMs = this.run.pinned.waitForPeopleMs;
    let remainingMs = limitMs;
    for (;;) {
      const startedAt = Date.now();
      const isExpired = await runsOut(this.run, () => item.outcome !== null, remainingMs, summary);
      if (!isExpired) return item.outcome as Outcome;
      const { since } = await this.expire(kind, item, limitMs);
      if (item.outcome !== null) return item.outcome;
      // The signal of a pause was lost: what ran down since is given back.
      remainingMs = Math.min(limitMs, Math.max(1, Date.now() - (since ?? startedAt)));
      await this.lookAtHalt();
    }
  }

  /** Tells people again, and lets others decide too, each after a timer of its own, while the approval waits. */
  private async prompt(approval: HeldApproval): Promise<void> {
    const isOver = () => approval.outcome !== null || this.hasEnded;
    let passedMs = 0;
    for (const prompt of promptsOf(this.run.pinned.people, this.run.pinned.waitForPeopleMs)) {
      const afterMs = prompt.afterMs - passedMs;
      if (!(await runsOut(this.run, isOver, afterMs, summaryOf(prompt, approval.item)))) return;
      passedMs = prompt.afterMs;
      await this.exclusively(async () => {
        if (isOver()) return;
        const { outcome, progress } = await eitherWay(
          localControl.recordPrompt,
          regularControl.recordPrompt,
          {
            ...this.address(),
            approvalId: approval.item.id,
            prompt,
          },
        );
        settle(approval, outcome);
        approval.progress = progress ?? approval.progress;
      });
    }
  }

  /** Settles what nobody said anything about; not while run, agent or organization is paused, which control knows. */
  private async expire<Item extends { id: string }, Outcome>(
    kind: 'approval' | 'question',
    item: Held<Item, Outcome>,
    waitedMs: number,
  ): Promise<{ since: number | null }> {
    return this.exclusively(async () => {
      if (item.outcome !== null) return { since: null };
      const expired = (
        kind === 'approval' ? { kind: 'expired', waitedMs } : { kind: 'timed-out', waitedMs }
      ) as Outcome;
      try {
        const recorded = await eitherWay(localControl.recordExpiry, regularControl.recordExpiry, {
          ...this.address(),
          kind,
          id: item.item.id,
          waitedMs,
        });
        if (recorded?.kind === 'paused') return recorded;
      } catch (error) {
        if (isCancellation(error)) throw error;
      }
      settle(item, expired);
      return { since: null };
    });
  }

  /** What every record of a word begins with. */
  address() {
    return {
      runId: this.run.input.runId,
      organizationId: this.run.input.organizationId,
      firstSequence: this.run.takeSequence(EVENTS_OF_PEOPLE),
    };
  }
}

function endedOr<Outcome>(ended: Promise<Outcome>, isOvertaken: () => boolean): Promise<Outcome | null> {
  const overtaken = condition(isOvertaken).then(() => null);
  // Nobody waits for it once the item is settled.
  overtaken.catch(() => undefined);
  return Promise.race([ended, overtaken]);
}
