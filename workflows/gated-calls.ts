import type { ToolCall } from '../src/domain/call';
import type { GatedCall, GateResult } from '../src/domain/steps';

/** Time a granted call needs to reach its worker: with less left the call is gated again. */
const GRANT_MARGIN_MS = 5_000;

/** What the gate answered last about the open calls of a turn. */
export class GatedCalls {
  constructor(private readonly result: GateResult) {}

  get calls(): readonly GatedCall[] {
    return this.result.calls;
  }

  get grant(): GateResult['grant'] {
    return this.result.grant;
  }

  of(callId: string): GatedCall {
    const gated = this.calls.find((call) => call.callId === callId);
    if (!gated) throw new TypeError(`the gate did not answer for call ${callId}`);
    return gated;
  }

  /** Whether an activity may start the call now. */
  isGranted(call: GatedCall): boolean {
    const { grant } = this;
    return (
      grant !== null &&
      grant.audience === 'activity' &&
      grant.callIds.includes(call.callId) &&
      grant.expiresAt - GRANT_MARGIN_MS > Date.now()
    );
  }

  /** A call judged on the tree, refused before an earlier call of the turn has changed it: its own turn comes yet. */
  isJudgedTooEarly(callId: string): boolean {
    if (!this.of(callId).isTreeJudged) return false;
    const place = this.calls.findIndex((call) => call.callId === callId);
    return this.calls.slice(0, place).some((call) => call.writes && call.decision.verdict !== 'deny');
  }

  /** Whether all open calls are reads that were granted to the channel, so that the next turn takes them along. */
  mayRide(open: readonly ToolCall[]): boolean {
    const { grant } = this;
    if (grant?.audience !== 'channel') return false;
    return open.every(({ id }) => {
      const { decision, isRead, question } = this.of(id);
      return decision.verdict === 'allow' && isRead && !question && grant.callIds.includes(id);
    });
  }
}
