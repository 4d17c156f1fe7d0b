import { condition, isCancellation } from '@temporalio/workflow';
import type {
  ApprovalDecision,
  ApprovalOutcome,
  PendingApproval,
  PendingQuestion,
  QuestionAnswer,
  QuestionOutcome,
  Receipt,
} from '../src/domain/approval';
import type { TopUp } from '../src/domain/budget';
import { EVENTS_OF_PEOPLE } from '../src/domain/steps';
import { visibleText } from '../src/domain/visible-text';
import { localControl, control as regularControl } from './activities';
import { eitherWay } from './either-way';
import type { Exclusive } from './exclusive';
import type { PendingView } from './messages';
import type { RunState } from './run-state';

interface Held<Item, Outcome> {
  item: Item;
  outcome: Outcome | null;
  /** What was submitted and counted, by its JSON: the same again gets the same receipt. */
  receipts: Map<string, Receipt>;
  ended: Promise<Outcome>;
}

/** Settled items whose receipts are still remembered. */
const MAX_REMEMBERED = 200;

/**
 * The people in the loop: what is pending, what they said, and the durable waits. Words are verified and recorded by
 * the control plane before they count; one that arrives before its wait begins is kept.
 */
export class People {
  private readonly approvals = new Map<string, Held<PendingApproval, ApprovalOutcome>>();
  private readonly questions = new Map<string, Held<PendingQuestion, QuestionOutcome>>();
  private hasEnded = false;

  constructor(
    private readonly run: RunState,
    private readonly exclusively: Exclusive,
    /** Has the run ask the database who halted it. */
    private readonly lookAtHalt: () => Promise<void>,
  ) {}

  /** Shows an approval to people and starts its timer; an approval already shown stays as it is. */
  hold(approval: PendingApproval): void {
    const summary = `approval ${approval.id}: ${approval.tool}`;
    this.show(this.approvals, approval, (item) => this.wait('approval', item, summary));
  }

  /** Shows a question to people and starts its timer. */
  ask(question: PendingQuestion): void {
    const summary = `question ${question.id}: ${visibleText(question.question, 80)}`;
    this.show(this.questions, question, (item) => this.wait('question', item, summary));
  }

  /** How the approval was settled, or that it expired; null when `isOvertaken` comes true before. */
  async approvedOr(id: string, isOvertaken: () => boolean): Promise<ApprovalOutcome | null> {
    const overtaken = condition(isOvertaken).then(() => null);
    // Nobody waits for it once the approval is settled.
    overtaken.catch(() => undefined);
    return Promise.race([held(this.approvals, id).ended, overtaken]);
  }

  /** Resolves when the question is answered, or nobody did. */
  answered(id: string): Promise<QuestionOutcome> {
    return held(this.questions, id).ended;
  }

  /** Ends approvals that the gate replaced: other content or a stricter policy. */
  voidExcept(callId: string, id: string | null, reason: string): void {
    for (const approval of this.approvals.values())
      if (approval.item.callId === callId && approval.item.id !== id && !approval.outcome)
        approval.outcome = { kind: 'void', reason };
  }

  /** The run ended: nothing waits for anybody any more. */
  end(): void {
    this.hasEnded = true;
  }

  get pending(): PendingView {
    if (this.hasEnded) return { approvals: [], questions: [] };
    return { approvals: openItems(this.approvals), questions: openItems(this.questions) };
  }

  /** Why this decision cannot count, or null. Synchronous: a rejected update leaves no trace in history. */
  refusalOfDecision(decision: ApprovalDecision): string | null {
    if (!isRecord(decision) || typeof decision.approvalId !== 'string')
      return 'a decision needs `approvalId`, `decision` and `actionHash`';
    if (this.hasEnded) return 'the run has ended';
    const approval = this.approvals.get(decision.approvalId);
    if (!approval) return `no approval \`${visibleText(decision.approvalId, 40)}\` in this run`;
    if (decision.decision !== 'approve' && decision.decision !== 'deny')
      return '`decision` must be `approve` or `deny`';
    if (decision.actionHash !== approval.item.actionHash)
      return '`actionHash` is not that of this approval; look at `pending` again';
    if (![decision.by, decision.reason, decision.signature].every(isTextOrAbsent))
      return '`by`, `reason` and `signature` must be text';
    if (approval.receipts.has(JSON.stringify(decision))) return null;
    if (approval.outcome) return `this approval is already settled: ${endOf(approval.outcome)}`;
    return null;
  }

  /** Why this answer cannot count, or null. */
  refusalOfAnswer(answer: QuestionAnswer): string | null {
    if (!isRecord(answer) || typeof answer.questionId !== 'string' || typeof answer.answer !== 'string')
      return 'an answer needs `questionId` and `answer`, both text';
    if (this.hasEnded) return 'the run has ended';
    const question = this.questions.get(answer.questionId);
    if (!question) return `no question \`${visibleText(answer.questionId, 40)}\` in this run`;
    if (!isTextOrAbsent(answer.by)) return '`by` must be text';
    if (question.receipts.has(JSON.stringify(answer))) return null;
    if (question.outcome) return `this question is already settled: ${question.outcome.kind}`;
    return null;
  }

  /** Verifies, records and counts a decision. */
  async decide(decision: ApprovalDecision): Promise<Receipt> {
    const refusal = this.refusalOfDecision(decision);
    if (refusal) return { accepted: false, reason: refusal };
    return this.submit('approval', held(this.approvals, decision.approvalId), decision, () =>
      eitherWay(localControl.recordDecision, regularControl.recordDecision, { ...this.address(), decision }),
    );
  }

  /** Records and counts an answer. */
  async answer(answer: QuestionAnswer): Promise<Receipt> {
    const refusal = this.refusalOfAnswer(answer);
    if (refusal) return { accepted: false, reason: refusal };
    return this.submit('question', held(this.questions, answer.questionId), answer, () =>
      eitherWay(localControl.recordAnswer, regularControl.recordAnswer, { ...this.address(), answer }),
    );
  }

  /** Verifies and counts a top-up: its amounts are added to the run's limits. */
  async topUp(request: TopUp): Promise<boolean> {
    if (!isRecord(request) || !isRecord(request.budget) || typeof request.by !== 'string') return false;
    if (!isTextOrAbsent(request.signature)) return false;
    return this.exclusively(async () => {
      const recorded = await eitherWay(localControl.recordTopUp, regularControl.recordTopUp, {
        ...this.address(),
        topUp: request,
      });
      if (recorded.accepted) this.run.raiseLimits(recorded.budget);
      return recorded.accepted;
    });
  }

  private show<Item extends { id: string }, Outcome>(
    items: Map<string, Held<Item, Outcome>>,
    item: Item,
    wait: (held: Held<Item, Outcome>) => Promise<Outcome>,
  ): void {
    if (items.has(item.id)) return;
    const shown = { item, outcome: null, receipts: new Map() } as Held<Item, Outcome>;
    items.set(item.id, shown);
    shown.ended = wait(shown);
    shown.ended.catch(() => undefined);
    forgetOldest(items);
  }

  /** Has a person's word recorded, which decides whether it counts; the same word again gets the same receipt. */
  private submit<Item, Outcome extends { kind: string }>(
    what: 'approval' | 'question',
    item: Held<Item, Outcome>,
    word: unknown,
    record: () => Promise<{ accepted: true; outcome: Outcome | null } | { accepted: false; reason: string }>,
  ): Promise<Receipt> {
    const key = JSON.stringify(word);
    return this.exclusively(async () => {
      const known = item.receipts.get(key);
      if (known) return known;
      if (this.hasEnded) return { accepted: false, reason: 'the run has ended' };
      if (item.outcome)
        return { accepted: false, reason: `this ${what} is already settled: ${endOf(item.outcome)}` };
      const recorded = await record();
      if (!recorded.accepted) return recorded;
      // It may have been made void while the recording ran; what was settled first stays.
      item.outcome ??= recorded.outcome;
      const receipt: Receipt = {
        accepted: true,
        status: recorded.outcome ? recorded.outcome.kind : 'waiting for more approvers',
      };
      item.receipts.set(key, receipt);
      return receipt;
    });
  }

  /**
   * One durable timer until the item is settled. While the run is paused it does not run; afterwards it goes on with
   * what was left.
   */
  private async wait<Item extends { id: string }, Outcome>(
    kind: 'approval' | 'question',
    item: Held<Item, Outcome>,
    summary: string,
  ): Promise<Outcome> {
    const limitMs = this.run.pinned.waitForPeopleMs;
    let remainingMs = limitMs;
    for (;;) {
      await condition(() => item.outcome !== null || this.run.paused === null);
      const startedAt = Date.now();
      const interrupted = await condition(
        () => item.outcome !== null || this.run.paused !== null,
        Math.max(1, remainingMs),
        { summary },
      );
      if (item.outcome !== null) return item.outcome;
      remainingMs -= Date.now() - startedAt;
      if (interrupted) continue;
      const expired = await this.expire(kind, item, limitMs);
      if (item.outcome !== null) return item.outcome;
      // The signal of a pause was lost: what ran down since is given back.
      await this.lookAtHalt();
      remainingMs = Math.min(limitMs, Date.now() - (expired.since ?? startedAt));
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
      item.outcome ??= expired;
      return { since: null };
    });
  }

  private address() {
    return {
      runId: this.run.input.runId,
      organizationId: this.run.input.organizationId,
      firstSequence: this.run.takeSequence(EVENTS_OF_PEOPLE),
    };
  }
}

/** How something ended; of what is void, why. */
function endOf(outcome: { kind: string; reason?: string }): string {
  return outcome.kind === 'void' ? `void, since ${outcome.reason ?? 'it was decided again'}` : outcome.kind;
}

function held<T>(items: ReadonlyMap<string, T>, id: string): T {
  const item = items.get(id);
  if (!item) throw new TypeError(`nothing is held under ${id}`);
  return item;
}

function openItems<Item, Outcome>(items: ReadonlyMap<string, Held<Item, Outcome>>): Item[] {
  return [...items.values()].filter((each) => each.outcome === null).map((each) => each.item);
}

function forgetOldest<Item, Outcome>(items: Map<string, Held<Item, Outcome>>): void {
  if (items.size <= MAX_REMEMBERED) return;
  for (const [id, item] of items)
    if (item.outcome !== null) {
      items.delete(id);
      return;
    }
}

/** JSON has no `undefined`: what is absent may come as null. */
function isTextOrAbsent(value: unknown): boolean {
  return value === undefined || value === null || typeof value === 'string';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
