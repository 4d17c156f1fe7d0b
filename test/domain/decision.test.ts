import fc from 'fast-check';
import { findingId, strictest, verdicts } from '../../src/domain/decision';
import { effects, LOWEST_TIER, strongerEffect } from '../../src/domain/effect';

const verdict = fc.constantFrom(...verdicts);

test('deny is stricter than ask, ask than defer, defer than allow', () => {
  expect(verdicts).toEqual(['deny', 'ask', 'defer', 'allow']);
  expect(strictest('allow', 'defer')).toBe('defer');
  expect(strictest('defer', 'ask')).toBe('ask');
  expect(strictest('ask', 'deny')).toBe('deny');
});

test('the order of layers does not matter, and none can loosen', () => {
  fc.assert(
    fc.property(verdict, verdict, verdict, (one, two, three) => {
      expect(strictest(one, two)).toBe(strictest(two, one));
      expect(strictest(strictest(one, two), three)).toBe(strictest(one, strictest(two, three)));
      expect(strictest(one, one)).toBe(one);
      expect(verdicts.indexOf(strictest(one, two))).toBeLessThanOrEqual(verdicts.indexOf(one));
    }),
  );
});

test('a compound has the strongest effect of its parts, and a stronger effect never needs a lower tier', () => {
  const effect = fc.constantFrom(...effects);
  fc.assert(
    fc.property(effect, effect, (one, two) => {
      const joined = strongerEffect(one, two);
      expect([one, two]).toContain(joined);
      expect(LOWEST_TIER[joined]).toBe(Math.max(LOWEST_TIER[one], LOWEST_TIER[two]));
    }),
  );
});

test('a finding is named by layer and rule', () => {
  expect(findingId({ layer: 'tier', rule: 'production' })).toBe('tier/production');
});
