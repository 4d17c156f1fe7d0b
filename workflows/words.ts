import type {
  ApprovalDecision,
  ApprovalProgress,
  ApprovalRevocation,
  QuestionAnswer,
  Receipt,
} from '../src/domain/approval';
import type { TopUp } from '../src/domain/budget';
import type { GateResult, RecordedDecision } from '../src/domain/steps';
import { visibleText } from '../src/domain/visible-text';
import { localControl, control as regularControl } from './activities';
import { eitherWay } from './either-way';
import type { Exclusive } from './exclusive';
import { type Held, settle, settledApproval, settledQuestion } from './held';
import type { People } from './people';
import type { RunState } from './run-state';
import {
  isTextOrAbsent,
  isVerdict,
  misshapenAnswer,
  misshapenDecision,
  misshapenRevocation,
  misshapenTerms,
  misshapenTopUp,
} from './word-shapes';

/**
 * What people say about a run. Words are verified and recorded by the control plane before they count; one that arrives
 * before its wait begins is kept.
 */
export class Words {
  constructor(
    private readonly run: RunState,
    private readonly people: People,
    private readonly exclusively: Exclusive,
  ) {}

  /** Why this decision cannot count, or null. Synchronous: a rejected update leaves no trace in history. */
  refusalOfDecision(decision: ApprovalDecision): string | null {
    const misshapen = misshapenDecision(decision);
    if (misshapen) return misshapen;
    if (this.people.hasEnded) return 'the run has ended';
    const approval = this.people.approvals.get(decision.approvalId);
    if (!approval) return `no approval \`${visibleText(decision.approvalId, 40)}\` in this run`;
    if (decision.actionHash !== approval.item.actionHash && isVerdict(decision.decision))
      return '`actionHash` is not that of this approval; look at `pending` again';
    const terms = misshapenTerms(decision);
    if (terms) return terms;
    if (approval.receipts.has(JSON.stringify(decision))) return null;
    return settledApproval(approval);
  }

  /** Why this answer cannot count, or null. */
  refusalOfAnswer(answer: QuestionAnswer): string | null {
    const misshapen = misshapenAnswer(answer);
    if (misshapen) return misshapen;
    if (this.people.hasEnded) return 'the run has ended';
    const question = this.people.questions.get(answer.questionId);
    if (!question) return `no question \`${visibleText(answer.questionId, 40)}\` in this run`;
    if (!isTextOrAbsent(answer.by)) return '`by` must be text';
    if (!isTextOrAbsent(answer.signature)) return '`signature` must be text';
    if (question.receipts.has(JSON.stringify(answer))) return null;
    return settledQuestion(question);
  }

  /** Why this top-up cannot count, or null. */
  refusalOfTopUp(request: TopUp): string | null {
    return misshapenTopUp(request) ?? (this.people.hasEnded ? 'the run has ended' : null);
  }

  /** Why this revocation cannot count, or null. */
  refusalOfRevocation(revocation: ApprovalRevocation): string | null {
    return misshapenRevocation(revocation) ?? (this.people.hasEnded ? 'the run has ended' : null);
  }

  /** Verifies, records and counts a decision. */
  async decide(decision: ApprovalDecision): Promise<Receipt> {
    const refusal = this.refusalOfDecision(decision);
    if (refusal) return { accepted: false, reason: refusal };
    return this.submit(this.people.approvals.of(decision.approvalId), decision, settledApproval, () =>
      this.recordDecision(decision),
    );
  }

  private async recordDecision(decision: ApprovalDecision): Promise<RecordedDecision> {
    const isAwaited = this.people.awaited?.id === decision.approvalId && decision.decision === 'approve';
    const following = isAwaited && !decision.args ? this.people.awaited?.following : null;
    const address = this.people.address();
    const gate = following?.input();
    let gated: GateResult | undefined;
    try {
      const input = { ...address, decision, ...(gate ? { gate } : {}) };
      const recorded = await eitherWay(localControl.recordDecision, regularControl.recordDecision, input);
      if (recorded.accepted) gated = recorded.gated;
      return recorded;
    } finally {
      if (gated) following?.take(gated);
      else if (gate) this.run.returnEvents(gate.events);
    }
  }

  /** Verifies, records and counts an answer. */
  async answer(answer: QuestionAnswer): Promise<Receipt> {
    const refusal = this.refusalOfAnswer(answer);
    if (refusal) return { accepted: false, reason: refusal };
    return this.submit(this.people.questions.of(answer.questionId), answer, settledQuestion, () =>
      eitherWay(localControl.recordAnswer, regularControl.recordAnswer, { ...this.people.address(), answer }),
    );
  }

  /** Verifies and counts a top-up: it answers an approval that waits for one, else its amounts are added at once. */
  async topUp(topUp: TopUp): Promise<Receipt> {
    const refusal = this.refusalOfTopUp(topUp);
    if (refusal) return { accepted: false, reason: refusal };
    return this.exclusively(async () => {
      const recorded = await eitherWay(localControl.recordTopUp, regularControl.recordTopUp, {
        ...this.people.address(),
        topUp,
      });
      if (!recorded.accepted) return recorded;
      const { budget, by = topUp.by, settled = [] } = recorded;
      const answered = settled.flatMap((id) => this.people.approvals.get(id) ?? []);
      for (const approval of answered) settle(approval, { kind: 'edited', by, args: JSON.stringify(budget) });
      if (answered.length === 0) this.run.raiseLimits(budget);
      return { accepted: true, status: 'topped up' };
    });
  }

  /** Verifies and records that what was approved for the rest of the run is approved no more. */
  async revoke(revocation: ApprovalRevocation): Promise<Receipt> {
    const refusal = this.refusalOfRevocation(revocation);
    if (refusal) return { accepted: false, reason: refusal };
    return this.exclusively(async () => {
      const recorded = await eitherWay(localControl.recordRevocation, regularControl.recordRevocation, {
        ...this.people.address(),
        revocation,
      });
      return recorded.accepted ? { accepted: true, status: 'revoked' } : recorded;
    });
  }

  /** Has a person's word recorded, which decides whether it counts; the same word again gets the same receipt. */
  private submit<Item, Outcome extends { kind: string }>(
    item: Held<Item, Outcome>,
    word: unknown,
    settled: (item: Held<Item, Outcome>) => string | null,
    record: () => Promise<
      | { accepted: true; outcome: Outcome | null; progress?: ApprovalProgress }
      | { accepted: false; reason: string }
    >,
  ): Promise<Receipt> {
    const key = JSON.stringify(word);
    return this.exclusively(async () => {
      const known = item.receipts.get(key);
      if (known) return known;
      if (this.people.hasEnded) return { accepted: false, reason: 'the run has ended' };
      const refusal = settled(item);
      if (refusal) return { accepted: false, reason: refusal };
      const recorded = await record();
      if (!recorded.accepted) return recorded;
      // It may have been made void while the recording ran; what was settled first stays.
      settle(item, recorded.outcome);
      item.progress = recorded.progress ?? item.progress;
      const receipt: Receipt = {
        accepted: true,
        status: recorded.outcome ? recorded.outcome.kind : 'waiting for more approvers',
      };
      item.receipts.set(key, receipt);
      return receipt;
    });
  }
}
