import { rateDemands } from '../../../src/policy/cedar/rate-demands';
import { readCall } from '../../../src/policy/read-call';
import { AT, toolsWith } from '../fixture';
import { decide, rules } from './rules';

const PUSH = 'forbid (principal, action == Action::"git-push", resource)';

function demands(source: string, args: object = {}) {
  const snapshot = rules(source);
  const reading = readCall({ id: 'c', tool: 'git-push', args: JSON.stringify(args) }, toolsWith(), {
    runId: 'run-1',
    branch: 'run-1',
    settings: snapshot.settings,
  });
  if (!reading.ok) throw new Error(reading.finding.message);
  return rateDemands(reading.read, { runId: 'run-1', snapshot, now: AT });
}

test('a rule with a rate that matches is a window to count against, and no finding', () => {
  const source = `@id("few") @message("few pushes") @rate("10 per 2h") @per("tool") ${PUSH};`;
  expect(demands(source)).toEqual([
    { rule: 'house-rules/few', message: 'few pushes', per: 'tool', limit: 10, windowMs: 7_200_000 },
  ]);
  expect(decide(rules(source), 'git-push', {}).verdict).not.toBe('deny');
});

test.each([
  ['5 per 30s', 30_000],
  ['5 per m', 60_000],
  ['5 per 1d', 86_400_000],
])('%s', (text, windowMs) => {
  expect(demands(`@rate("${text}") ${PUSH};`)).toEqual([
    expect.objectContaining({ per: 'agent', limit: 5, windowMs }),
  ]);
});

test('a rule that does not match demands nothing', () => {
  expect(demands(`@rate("1 per 1h") ${PUSH} when { context.args.force };`)).toEqual([]);
  expect(demands(`${PUSH};`)).toEqual([]);
});

test('a rule with a rate that fails refuses the call', () => {
  const source = `@rate("1 per 1h") ${PUSH} when { context.args.nosuch };`;
  expect(decide(rules(source), 'git-push', {}).verdict).toBe('deny');
  expect(() => demands(source)).toThrow();
});

test('a rule that only observes says so with its window, and refuses nothing where it fails', () => {
  expect(demands(`@observe @rate("1 per 1h") ${PUSH};`)).toEqual([
    expect.objectContaining({ isObserved: true }),
  ]);
  const failing = `@observe @rate("1 per 1h") ${PUSH} when { context.args.nosuch };`;
  expect(decide(rules(failing), 'git-push', {}).verdict).toBe('allow');
  expect(demands(failing)).toEqual([]);
});
