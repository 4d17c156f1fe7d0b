import type { RateDemand } from '../../src/domain/rate';
import { AutonomyTier } from '../../src/domain/tier';
import { type GatedTurn, gateTurn } from '../../src/policy/gate-turn';
import { type RateTaker, takeRates } from '../../src/policy/take-rates';
import { AT, gateContext, gateInput, snapshotOf } from './fixture';

const run = { organizationId: 'local', agent: 'demo', runId: 'run-1' };
const demand: RateDemand = {
  rule: 'calm/writes',
  message: 'writes are rationed',
  per: 'agent',
  limit: 1,
  windowMs: 3_600_000,
};
const READ = ['read-file', { path: 'main.tf' }] as const;
const WRITE = ['write-file', { path: 'main.tf', content: 'x' }] as const;

/** A turn whose calls count as said. */
function turnOf(calls: Parameters<typeof gateInput>[0], counted: string[]): GatedTurn {
  const turn = gateTurn(gateInput(calls), gateContext(snapshotOf({ tier: AutonomyTier.DRAFT })));
  return { ...turn, demands: new Map(counted.map((id) => [id, [demand]])) };
}

/** A window with so many places left. */
function window(places: number): RateTaker & { taken: string[] } {
  const taken: string[] = [];
  return {
    taken,
    async take({ callId }) {
      if (taken.length >= places) return { kind: 'full', demand, until: AT + 60_000 };
      taken.push(callId);
      return { kind: 'taken' };
    },
  };
}

const verdicts = (turn: GatedTurn) => turn.calls.map(({ decision }) => decision.verdict);
const granted = (turn: GatedTurn) => turn.granted.map(({ id }) => id);

test('a call within its rate is granted and takes its place', async () => {
  const taker = window(1);
  const turn = await takeRates(turnOf([WRITE], ['call-1']), run, taker);
  expect(verdicts(turn)).toEqual(['allow']);
  expect(granted(turn)).toEqual(['call-1']);
  expect(taker.taken).toEqual(['call-1']);
});

test('a call over its rate is deferred until there is a place, and the reason names the rule and its limit', async () => {
  const turn = await takeRates(turnOf([WRITE], ['call-1']), run, window(0));
  expect(granted(turn)).toEqual([]);
  expect(turn.calls[0]?.decision).toMatchObject({
    verdict: 'defer',
    findings: expect.arrayContaining([
      {
        verdict: 'defer',
        layer: 'rates',
        rule: 'calm/writes',
        message: expect.stringContaining('writes are rationed: 1 per 1 h'),
        until: AT + 60_000,
      },
    ]),
  });
});

test('a deferred effect holds the effects behind it, which take nothing, and not the reads', async () => {
  const taker = window(1);
  const calls = [WRITE, WRITE, READ, WRITE];
  const turn = await takeRates(turnOf(calls, ['call-1', 'call-2', 'call-4']), run, taker);
  expect(granted(turn)).toEqual(['call-1', 'call-3']);
  expect(verdicts(turn)).toEqual(['allow', 'defer', 'allow', 'allow']);
  expect(taker.taken).toEqual(['call-1']);
});

test('a call over an observed rate starts, and is on record as one that would have waited', async () => {
  const turn = turnOf([WRITE], ['call-1']);
  turn.demands.set('call-1', [{ ...demand, isObserved: true }]);
  const taken = await takeRates(turn, run, window(0));
  expect(granted(taken)).toEqual(['call-1']);
  expect(taken.calls[0]?.decision).toMatchObject({
    verdict: 'allow',
    findings: expect.arrayContaining([
      expect.objectContaining({ verdict: 'allow', observed: 'defer', rule: 'calm/writes' }),
    ]),
  });
});

test('an observed rate takes its place beside one that holds, and never where that one defers', async () => {
  const both = [demand, { ...demand, rule: 'calm/observed', isObserved: true }];
  const taker = (full: string[]): RateTaker & { taken: string[] } => {
    const taken: string[] = [];
    return {
      taken,
      async take({ demands }) {
        const found = demands.find(({ rule }) => full.includes(rule));
        if (found) return { kind: 'full', demand: found, until: AT + 60_000 };
        taken.push(...demands.map(({ rule }) => rule));
        return { kind: 'taken' };
      },
    };
  };
  const turn = turnOf([WRITE], ['call-1']);
  turn.demands.set('call-1', both);
  const free = taker([]);
  expect(verdicts(await takeRates(turn, run, free))).toEqual(['allow']);
  expect(free.taken).toEqual(['calm/writes', 'calm/observed']);
  const held = taker(['calm/writes']);
  expect(verdicts(await takeRates(turn, run, held))).toEqual(['defer']);
  expect(held.taken).toEqual([]);
  const seen = taker(['calm/observed']);
  expect(granted(await takeRates(turn, run, seen))).toEqual(['call-1']);
  expect(seen.taken).toEqual(['calm/writes']);
});
