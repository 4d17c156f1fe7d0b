import type { CallOutcome, ToolCall } from '../src/domain/call';
import type { RunState } from './run-state';

/** The calls of one turn: which are still open, and what came of the others. */
export class TurnOutcomes {
  private readonly outcomes = new Map<string, CallOutcome>();
  private openCalls: ToolCall[];

  constructor(
    private readonly run: RunState,
    private readonly calls: readonly ToolCall[],
  ) {
    this.openCalls = [...calls];
  }

  /** In the order the model gave them. */
  get open(): readonly ToolCall[] {
    return this.openCalls;
  }

  has(callId: string): boolean {
    return this.outcomes.has(callId);
  }

  /** A person approved other arguments than the model's. */
  edit(callId: string, args: string): void {
    this.openCalls = this.openCalls.map((call) => (call.id === callId ? { ...call, args } : call));
  }

  refuse(callId: string, text: string, findings: string[]): void {
    this.settle({ kind: 'refused', callId, text, findings });
  }

  settle(outcome: CallOutcome): void {
    this.outcomes.set(outcome.callId, outcome);
    const call = this.openCalls.find((each) => each.id === outcome.callId);
    this.openCalls = this.openCalls.filter((each) => each.id !== outcome.callId);
    this.run.noteOutcome(call?.tool ?? '', outcome);
  }

  /** Hands the model the outcomes of the turn, in the order of its calls; those in `pending` follow with the next turn. */
  report(pending: readonly ToolCall[]): void {
    const waits = new Set(pending.map((call) => call.id));
    this.run.transcript.add({
      role: 'tool',
      outcomes: this.calls.map((call) => {
        const outcome = this.outcomes.get(call.id);
        if (outcome) return outcome;
        if (!waits.has(call.id)) throw new TypeError(`call ${call.id} has no outcome`);
        return { kind: 'pending' as const, callId: call.id };
      }),
    });
  }
}
