import { isCancellation, patched, sleep } from '@temporalio/workflow';
import { type ApprovalOutcome, NOBODY_ANSWERED, type QuestionOutcome } from '../src/domain/approval';
import type { CallOutcome, ToolCall } from '../src/domain/call';
import type { ChildRun } from '../src/domain/child-run';
import { findingId, reasons, voidReason } from '../src/domain/decision';
import { typedValues } from '../src/domain/edited-arguments';
import { believableRefusals } from '../src/domain/egress';
import { normalizeToolName } from '../src/domain/permissions';
import type { ExecuteResult, GatedCall, GateResult, Grant, Workspace } from '../src/domain/steps';
import { passFor } from './artifact-passes';
import { runChild } from './child-run';
import type { Exclusive } from './exclusive';
import {
  type Execution,
  executeCalls,
  type NotDone,
  outcomeNotDone,
  outcomeWithout,
  STOPPED,
} from './execute-calls';
import { gateInputOf, gateWhenLetGo } from './gate';
import { GatedCalls } from './gated-calls';
import { refusalOf } from './outcomes';
import type { People } from './people';
import { probed } from './probe';
import type { ProgramQuestions } from './program-questions';
import type { RunState } from './run-state';
import { TurnOutcomes } from './turn-outcomes';
import { RunStoppedError, type Waiting } from './waiting';
import { afterLoss, leaveLostHost, lookAgain, prepareWorkspace } from './workspace';

/** Longest that a call is deferred in all; then it is refused. */
const MAX_DEFERRED_MS = 60 * 60 * 1000;
/** How often a call is gated again without getting anywhere before it is given up. */
const MAX_GATES_PER_CALL = 50;

/**
 * Carries out the calls of one turn, in the order the model gave them. A turn of allowed reads rides on the next turn;
 * otherwise every call gets its outcome here. A held effect holds later effects, not reads.
 */
export class CarryOut {
  private readonly turn: TurnOutcomes;
  /** Ids of approvals given, by call. */
  private readonly approvals: Record<string, string> = {};
  private gated = new GatedCalls({ calls: [], grant: null, halt: null });
  /** When each deferred call was deferred first, in milliseconds since the epoch less those paused until then. */
  private readonly deferredSince = new Map<string, number>();
  private gates = 0;
  private hasActed = false;

  constructor(
    private readonly run: RunState,
    private readonly people: People,
    private readonly waiting: Waiting,
    private readonly exclusively: Exclusive,
    private readonly calls: ToolCall[],
    private readonly programs: ProgramQuestions,
  ) {
    this.turn = new TurnOutcomes(run, calls);
  }

  /** Afterwards the transcript's news hold the outcomes of this turn, some of them perhaps pending reads. */
  async carryOut(): Promise<void> {
    // Asking a person needs no workspace; with one at hand the other calls are gated once and not twice.
    if (this.calls.some((call) => normalizeToolName(call.tool) !== 'ask-user'))
      await prepareWorkspace(this.run);
    await this.gateAgain();
    while (this.turn.open.length > 0) {
      await this.waiting.whilePaused();
      if (this.settleDenied()) continue;
      if (!this.hasActed && this.gated.mayRide(this.turn.open)) return await this.ride();
      await this.advance();
    }
    this.turn.report([]);
  }

  private async advance(): Promise<void> {
    const next = this.gated.of(this.turn.open[0]!.id);
    switch (next.decision.verdict) {
      case 'allow':
        if (next.starts) return this.delegate(next, next.starts);
        return next.question ? this.answer(next) : this.act(next);
      case 'ask':
        return this.awaitApproval(next);
      case 'defer':
        return this.defer(next);
      case 'deny':
        // Judged while earlier calls were still open; those have their outcomes now.
        return this.gateAgain();
      default:
        next.decision.verdict satisfies never;
    }
  }

  /** All calls that are still open, in one evaluation. */
  private async gateAgain(): Promise<void> {
    if (++this.gates > MAX_GATES_PER_CALL * this.calls.length)
      throw new RunStoppedError('FAILED', 'a call was gated again and again without getting anywhere');
    const parts = { run: this.run, exclusively: this.exclusively, waiting: this.waiting };
    await this.adopt(await gateWhenLetGo(parts, [...this.turn.open], this.approvals));
  }

  /** Takes what the gate answered about the calls that are open. */
  private async adopt(result: GateResult): Promise<void> {
    this.gated = new GatedCalls(result);
    for (const call of this.gated.calls) {
      this.people.voidExcept(call.callId, call.approval?.id ?? null, voidReason(call.decision));
      if (call.approval) this.people.hold(call.approval);
      if (call.question) this.people.ask(call.question);
    }
    const needsWorkspace = this.gated.calls.some(
      (call) => call.needsWorkspace && (call.decision.verdict === 'allow' || call.decision.verdict === 'ask'),
    );
    if (needsWorkspace && !this.run.facts.workspace) {
      await prepareWorkspace(this.run);
      await this.gateAgain();
    }
  }

  private settleDenied(): boolean {
    const denied = this.turn.open.filter(
      (call) => this.gated.of(call.id).decision.verdict === 'deny' && !this.gated.isJudgedTooEarly(call.id),
    );
    for (const call of denied) this.turn.settle(refusalOf(this.gated.of(call.id)));
    return denied.length > 0;
  }

  private async ride(): Promise<void> {
    const { grant } = this.gated;
    if (!grant) throw new TypeError('nothing rides without a grant');
    const calls = this.turn.open.map((call) => this.gated.of(call.id));
    for (const call of calls) await this.reserve(call);
    this.run.riding = { calls, grant };
    this.turn.report(this.turn.open);
  }

  /** Runs consecutive granted reads, or one effect; without a fresh grant the open calls are gated again first. */
  private async act(next: GatedCall): Promise<void> {
    const batch = next.isRead ? this.leadingReads() : [next];
    if (!batch.every((call) => this.gated.isGranted(call))) return this.gateAgain();
    await this.execute(batch);
  }

  private leadingReads(): GatedCall[] {
    const batch: GatedCall[] = [];
    for (const call of this.turn.open) {
      const gated = this.gated.of(call.id);
      if (!gated.isRead || gated.question || gated.decision.verdict !== 'allow') break;
      batch.push(gated);
    }
    return batch;
  }

  private async execute(batch: GatedCall[]): Promise<void> {
    const { grant } = this.gated;
    const { workspace } = this.run.facts;
    if (!grant || !workspace) throw new TypeError('nothing executes without a grant and a workspace');
    for (const call of batch) await this.reserve(call);
    const execution = await this.executed(workspace, grant, batch);
    for (const { use } of batch) {
      const mayHaveRun = execution.kind === 'ran' || execution.kind === 'unknown';
      if (mayHaveRun) this.run.budget.commit(use ?? undefined);
      else this.run.budget.release(use ?? undefined);
    }
    switch (execution.kind) {
      case 'ran':
        return this.take(batch, workspace, execution.result);
      case 'stale':
        if (execution.why === 'pass') this.run.passes.clear();
        if (execution.why === 'content') {
          for (const call of batch) delete this.approvals[call.callId];
          await lookAgain(this.run);
        }
        return this.gateAgain();
      case 'not-taken':
        await leaveLostHost(this.run, execution.since);
        return this.gateAgain();
      case 'not-run':
        return this.settleWithout(
          batch,
          execution.isWorkspaceLost ? await afterLoss(this.run, execution) : execution,
        );
      case 'unknown':
        if (execution.silentSince !== undefined && patched('probe-after-loss'))
          return this.probe(batch, execution, execution.silentSince);
        this.settleWithout(batch, execution);
        if (execution.silentSince === undefined) return;
        if ((await leaveLostHost(this.run, execution.silentSince)) && this.turn.open.length > 0)
          await this.gateAgain();
        return;
      default:
        execution satisfies never;
    }
  }

  /** Its host did not take the effect up again: what became of it is looked for where the workspace is made again. */
  private async probe(batch: GatedCall[], execution: NotDone, since: number): Promise<void> {
    const call = batch[0] as GatedCall;
    try {
      if (!(await leaveLostHost(this.run, since))) return this.settleWithout(batch, execution);
      await this.gateAgain();
      const gated = this.gated.of(call.callId);
      const { grant } = this.gated;
      const { workspace } = this.run.facts;
      if (!grant || !workspace || gated.decision.verdict !== 'allow' || !this.gated.isGranted(gated))
        return this.settleWithout(batch, execution);
      const pass = await passFor(this.run, { role: 'sandbox', keyThumbprint: workspace.keyThumbprint });
      const found = await probed(this.run.input.runId, workspace, grant, gated, pass);
      if (found.kind === 'unknown') return this.settleWithout(batch, execution);
      if (found.kind === 'not-started') return this.turn.settle(outcomeNotDone(call.callId));
      const result = { outcomes: [found.outcome], workspace: found.workspace, refusedHosts: [] };
      this.take(batch, workspace, result);
    } catch (error) {
      if (isCancellation(error) && !this.turn.has(call.callId)) this.settleWithout(batch, execution);
      throw error;
    }
  }

  private settleWithout(batch: readonly GatedCall[], execution: NotDone): void {
    for (const { callId } of batch) this.turn.settle(outcomeWithout(callId, execution));
  }

  /** A run that is stopped meanwhile records what is known of the calls, before it ends. */
  private async executed(workspace: Workspace, grant: Grant, batch: GatedCall[]): Promise<Execution> {
    try {
      const pass = await passFor(this.run, { role: 'sandbox', keyThumbprint: workspace.keyThumbprint });
      return await this.programs.during(grant, batch, () =>
        executeCalls(this.run.input.runId, workspace, grant, batch, pass, this.run.pinned.isEncrypted),
      );
    } catch (error) {
      if (isCancellation(error))
        for (const { callId } of batch) this.turn.settle(outcomeWithout(callId, STOPPED));
      throw error;
    }
  }

  private take(batch: readonly GatedCall[], before: Workspace, result: ExecuteResult): void {
    const wrote = result.workspace.tree !== before.tree;
    this.run.takeWorkspace(before, result.workspace, batch);
    this.hasActed = true;
    const callIds = batch.map(({ callId }) => callId);
    for (const data of believableRefusals(result.refusedHosts, callIds))
      this.run.note({ type: 'egress', data });
    for (const outcome of result.outcomes) {
      const call = batch.find((each) => each.callId === outcome.callId);
      if (call) this.run.learn(call, outcome, wrote);
      this.turn.settle(outcome);
    }
  }

  private async answer(next: GatedCall): Promise<void> {
    const { question, callId } = next;
    if (!question) throw new TypeError('only a question is answered');
    await this.reserve(next);
    const outcome = await this.answerTo(question.id);
    this.run.budget.commit();
    switch (outcome.kind) {
      case 'answered':
        this.run.hear(outcome.answer);
        return this.turn.settle({ kind: 'answered', callId, text: outcome.answer, answeredBy: outcome.by });
      case 'timed-out':
        return this.turn.settle({ kind: 'answered', callId, text: NOBODY_ANSWERED, answeredBy: null });
      case 'withdrawn':
        throw new TypeError('only a question of a program is withdrawn');
      default:
        outcome satisfies never;
    }
  }

  /** Another run works for this one; its time is its own, and so is what people decide about it. */
  private async delegate(next: GatedCall, child: ChildRun): Promise<void> {
    await this.reserve(next);
    let outcome: CallOutcome;
    try {
      outcome = await this.waiting.forPeople('RUNNING', () => runChild(this.run, next.callId, child));
    } catch (error) {
      if (isCancellation(error)) this.turn.settle(outcomeWithout(next.callId, STOPPED));
      throw error;
    }
    this.run.budget.commit();
    this.turn.settle(outcome);
    if (this.turn.open.length > 0) await this.gateAgain();
  }

  /** Meanwhile a change of policy has the calls behind the question decided again: what it refuses is not left waiting. */
  private async answerTo(questionId: string): Promise<QuestionOutcome> {
    for (;;) {
      const seen = this.run.policyChanges;
      const outcome = await this.waiting.forPeople('WAITING_INPUT', () =>
        this.people.answeredOr(questionId, () => this.run.policyChanges > seen && this.hasApprovals()),
      );
      if (outcome) return outcome;
      if (!patched('decide-behind-questions'))
        return this.waiting.forPeople('WAITING_INPUT', () => this.people.answered(questionId));
      this.gates = 0;
      await this.gateAgain();
    }
  }

  private hasApprovals(): boolean {
    return this.people.pending.approvals.length > 0;
  }

  private async awaitApproval(next: GatedCall): Promise<void> {
    const { approval } = next;
    // Judged on a tree that an earlier call of this turn changed: it is shown now that it is first.
    if (!approval) return this.gateAgain();
    if (await this.readAhead(next)) return;
    const seen = this.run.policyChanges;
    let gatedAhead: GateResult | null = null;
    const outcome = await this.waiting.forPeople('WAITING_APPROVAL', () =>
      this.people.approvedOr(approval.id, () => this.run.policyChanges > seen, {
        input: () =>
          gateInputOf(this.run, [...this.turn.open], {
            ...this.approvals,
            [next.callId]: approval.id,
          }),
        take: (result) => {
          gatedAhead = result;
        },
      }),
    );
    // The policy changed meanwhile: what it refuses now is not left waiting for people.
    if (outcome === null) {
      // People change a policy as often as they like: that is no call going in circles.
      this.gates = 0;
      return this.gateAgain();
    }
    await this.conclude(next, approval.id, outcome, gatedAhead);
  }

  /** Reads do not wait for a call that waits. True when that call, a read itself, got its outcome so. */
  private async readAhead(waiting: GatedCall): Promise<boolean> {
    const reads = this.turn.open
      .map((call) => this.gated.of(call.id))
      .filter((call) => call.isRead && call.decision.verdict === 'allow' && !call.question);
    if (reads.length > 0 && reads.every((call) => this.gated.isGranted(call))) await this.execute(reads);
    return this.turn.has(waiting.callId);
  }

  private async conclude(
    next: GatedCall,
    approvalId: string,
    outcome: ApprovalOutcome,
    gatedAhead: GateResult | null,
  ): Promise<void> {
    const { callId } = next;
    switch (outcome.kind) {
      case 'approved':
        this.approvals[callId] = approvalId;
        if (gatedAhead) return this.adopt(gatedAhead);
        break;
      case 'edited':
        this.approvals[callId] = approvalId;
        this.run.hear(...typedValues(next.call?.args ?? '{}', outcome.args));
        this.turn.edit(callId, outcome.args);
        break;
      case 'denied':
        this.turn.refuse(callId, `denied by ${outcome.by}: ${outcome.reason}`, ['approvals/denied']);
        break;
      case 'expired':
        this.turn.refuse(callId, 'nobody approved it within 24 hours, which counts as refused', [
          'approvals/expired',
        ]);
        break;
      case 'void':
        break;
      default:
        outcome satisfies never;
    }
    if (this.turn.open.length > 0) await this.gateAgain();
  }

  private async defer(next: GatedCall): Promise<void> {
    const { callId, call, decision } = next;
    const until = Math.max(0, ...decision.findings.map((finding) => finding.until ?? 0));
    const { pausedMs } = this.run;
    const since = this.deferredSince.get(callId) ?? Date.now() - pausedMs;
    this.deferredSince.set(callId, since);
    if (until - pausedMs - since > MAX_DEFERRED_MS) {
      this.turn.refuse(
        callId,
        `${reasons(decision)[0]?.message ?? 'too many calls'}: that is more than an hour; do something else, or try again later`,
        reasons(decision).map(findingId),
      );
    } else {
      if (await this.readAhead(next)) return;
      await this.waiting.forPeople('RUNNING', () =>
        sleep(Math.max(1_000, until - Date.now()), { summary: `deferred: ${call?.tool ?? 'a call'}` }),
      );
    }
    if (this.turn.open.length > 0) await this.gateAgain();
  }

  private reserve(call: GatedCall): Promise<void> {
    return this.waiting.withinBudget(() =>
      this.run.budget.reserve(this.run.budgetLimits, call.use ?? undefined),
    );
  }
}
