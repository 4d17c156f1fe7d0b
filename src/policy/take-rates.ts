import { type Decision, type Finding, observed } from '../domain/decision';
import type { RateDemand } from '../domain/rate';
import type { GatedTurn } from './gate-turn';
import { verdictOf } from './judge';

/** One call that asks for its place in the windows it counts against. */
export interface RateRequest {
  organizationId: string;
  agent: string;
  tool: string;
  runId: string;
  callId: string;
  demands: readonly RateDemand[];
}

export type RateTaking =
  | { kind: 'taken' }
  /** The first window without a place, and when it has one again, in milliseconds since the epoch. */
  | { kind: 'full'; demand: RateDemand; until: number };

/** Where windows are counted. A call takes its place in all of its windows or in none, and once however often it asks. */
export interface RateTaker {
  take(request: RateRequest): Promise<RateTaking>;
}

/**
 * Has the calls that may start take their places, in their order. One that finds none is deferred, and with a deferred
 * effect the later effects of the turn; what does not start takes nothing.
 */
export async function takeRates(
  turn: GatedTurn,
  run: { organizationId: string; agent: string; runId: string },
  isObserving: boolean,
  taker: RateTaker,
): Promise<GatedTurn> {
  if (turn.demands.size === 0) return turn;
  let isEffectHeld = false;
  const granted: GatedTurn['granted'] = [];
  const deferred = new Map<string, Finding>();
  for (const call of turn.granted) {
    if (isEffectHeld && call.effect !== 'read') continue;
    const demands = turn.demands.get(call.id) ?? [];
    const taking =
      demands.length === 0
        ? ({ kind: 'taken' } as const)
        : await taker.take({ ...run, tool: call.tool, callId: call.id, demands });
    if (taking.kind === 'full') deferred.set(call.id, findingOf(taking, isObserving));
    if (taking.kind === 'taken' || isObserving) granted.push(call);
    else if (call.effect !== 'read') isEffectHeld = true;
  }
  return {
    ...turn,
    granted,
    calls: turn.calls.map((gated) => {
      const finding = deferred.get(gated.callId);
      return finding ? { ...gated, decision: withFinding(gated.decision, finding) } : gated;
    }),
  };
}

function findingOf({ demand, until }: RateTaking & { kind: 'full' }, isObserving: boolean): Finding {
  const { rule, message, limit, per } = demand;
  const finding: Finding = {
    verdict: 'defer',
    layer: 'rates',
    rule,
    message: `${message}: ${limit} per ${spanOf(demand.windowMs)} and ${per} are used up until ${new Date(until).toISOString()}`,
    until,
  };
  return observed(finding, isObserving);
}

function withFinding(decision: Decision, finding: Finding): Decision {
  const findings = [...decision.findings, finding];
  return { ...decision, findings, verdict: verdictOf(findings, decision.errors) };
}

/** `90 s`, `10 min`, `1 h`, in the largest unit that is whole. */
function spanOf(ms: number): string {
  for (const [size, unit] of [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
  ] as const)
    if (ms % size === 0) return `${ms / size} ${unit}`;
  return `${ms / 1000} s`;
}
