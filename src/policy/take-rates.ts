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
 * effect the later effects of the turn; what does not start takes nothing. Where a window is only observed, a call that
 * finds no place starts all the same.
 */
export async function takeRates(
  turn: GatedTurn,
  run: { organizationId: string; agent: string; runId: string },
  taker: RateTaker,
): Promise<GatedTurn> {
  if (turn.demands.size === 0) return turn;
  let isEffectHeld = false;
  const granted: GatedTurn['granted'] = [];
  const found = new Map<string, Finding[]>();
  for (const call of turn.granted) {
    if (isEffectHeld && call.effect !== 'read') continue;
    const findings = await takeFor(turn.demands.get(call.id) ?? [], (demands) =>
      taker.take({ ...run, tool: call.tool, callId: call.id, demands }),
    );
    found.set(call.id, findings);
    if (findings.every(({ verdict }) => verdict === 'allow')) granted.push(call);
    else if (call.effect !== 'read') isEffectHeld = true;
  }
  return {
    ...turn,
    granted,
    calls: turn.calls.map((gated) => {
      const findings = found.get(gated.callId) ?? [];
      return findings.length > 0 ? { ...gated, decision: withFindings(gated.decision, findings) } : gated;
    }),
  };
}

/** Takes the places of one call, and says what was full: of what holds the first, of what is observed all. */
async function takeFor(
  demands: readonly RateDemand[],
  take: (demands: readonly RateDemand[]) => Promise<RateTaking>,
): Promise<Finding[]> {
  const holding = demands.filter(({ isObserved }) => !isObserved);
  const taking = holding.length === 0 ? null : await take(holding);
  if (taking?.kind === 'full') return [findingOf(taking)];
  const findings: Finding[] = [];
  // Each for itself: a full one keeps no other from counting.
  for (const demand of demands.filter(({ isObserved }) => isObserved)) {
    const observing = await take([demand]);
    if (observing.kind === 'full') findings.push(observed(findingOf(observing), true));
  }
  return findings;
}

function findingOf({ demand, until }: RateTaking & { kind: 'full' }): Finding {
  const { rule, message, limit, per } = demand;
  return {
    verdict: 'defer',
    layer: 'rates',
    rule,
    message: `${message}: ${limit} per ${spanOf(demand.windowMs)} and ${per} are used up until ${new Date(until).toISOString()}`,
    until,
  };
}

function withFindings(decision: Decision, taken: readonly Finding[]): Decision {
  const findings = [...decision.findings, ...taken];
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
