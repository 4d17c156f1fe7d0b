import fc from 'fast-check';
import { type Effect, effects, type Mark, marks } from '../../src/domain/effect';
import {
  type Action,
  actionHash,
  covers,
  coversAgain,
  type Demand,
  refusalToStand,
  standingActionOf,
} from '../../src/policy/action';

const word = fc.constantFrom('a', 'b', 'c', 'd');
const content = fc.record({ tree: word, head: word }, { requiredKeys: [] });
const action: fc.Arbitrary<Action> = fc.record({
  tool: word,
  args: word.map((path) => JSON.stringify({ path })),
  effect: fc.constantFrom<Effect>(...effects),
  marks: fc.subarray<Mark>([...marks]),
  findings: fc.subarray(['tier/production', 'approvals/prCreation', 'organization/x']),
  snapshot: word,
  content,
});

test('an approval covers the very action it was given for', () => {
  fc.assert(fc.property(action, (one) => expect(covers(one, structuredClone(one))).toBe(true)));
});

test('an approval covers no action that differs in tool, arguments, effect, snapshot or content', () => {
  const bound = ['tool', 'args', 'effect', 'snapshot', 'content'] as const;
  fc.assert(
    fc.property(action, action, fc.constantFrom(...bound), (one, other, field) => {
      fc.pre(JSON.stringify(sorted(one[field])) !== JSON.stringify(sorted(other[field])));
      expect(covers(one, { ...one, [field]: other[field] })).toBe(false);
    }),
  );
});

test('an approval covers no action with a mark or a demand more, and one with fewer', () => {
  fc.assert(
    fc.property(
      action,
      action,
      fc.constantFrom('marks' as const, 'findings' as const),
      (one, other, field) => {
        const isMore = other[field].some((each) => !(one[field] as string[]).includes(each));
        expect(covers(one, { ...one, [field]: other[field] })).toBe(!isMore);
      },
    ),
  );
});

test('an approval without content does not cover the same call once there is content', () => {
  fc.assert(
    fc.property(action, word, (one, tree) => {
      const unbound = { ...one, content: {} };
      expect(covers(unbound, { ...one, content: { tree } })).toBe(false);
      expect(covers({ ...one, content: { tree } }, unbound)).toBe(false);
    }),
  );
});

test.each<[string, Partial<Demand>, Partial<Demand>, boolean]>([
  ['one approver, where two are wanted now', { quorum: 1 }, { quorum: 2 }, false],
  ['two approvers, where one is enough now', { quorum: 2 }, { quorum: 1 }, true],
  ['any role, where one is wanted now', {}, { role: 'senior-engineer' }, false],
  ['a role, where any is enough now', { role: 'senior-engineer' }, {}, true],
  ['one role, where another is wanted now', { role: 'engineer' }, { role: 'senior-engineer' }, false],
  ['the requester too, where four eyes are wanted now', {}, { fourEyes: true }, false],
  ['four eyes, where the requester is enough now', { fourEyes: true }, {}, true],
])('an approval asked of %s', (_name, asked, wanted, isCovered) => {
  const finding = 'organization/x';
  const demand = (parts: Partial<Demand>): Demand => ({ finding, quorum: 1, fourEyes: false, ...parts });
  const one: Action = {
    ...{ tool: 'a', args: '{}', effect: 'draft', marks: [], findings: [finding], snapshot: 's', content: {} },
    demands: [demand(asked)],
  };
  expect(covers(one, { ...one, demands: [demand(wanted)] })).toBe(isCovered);
});

test('a demand that no approver was asked to meet is not covered', () => {
  const one: Action = {
    ...{
      tool: 'a',
      args: '{}',
      effect: 'draft',
      marks: [],
      findings: ['organization/x'],
      snapshot: 's',
      content: {},
    },
  };
  const demands = [{ finding: 'organization/x', quorum: 2, fourEyes: false }];
  expect(covers(one, { ...one, demands })).toBe(false);
  expect(covers({ ...one, demands }, one)).toBe(true);
});

test('two actions have one hash only when they are the same', () => {
  fc.assert(
    fc.property(action, action, (one, other) => {
      const isSame = JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
      expect(actionHash(one) === actionHash(other)).toBe(isSame);
    }),
  );
});

/** The same value with its keys in order. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([key, each]) => [key, sorted(each)]),
  );
}

test('an approval for the rest of the run covers the same call on any content, and nothing else', () => {
  fc.assert(
    fc.property(action, action, (one, other) => {
      const standing = standingActionOf(one);
      const mayStand = refusalToStand(standing) === null;
      expect(mayStand).toBe(one.effect !== 'production' && !one.marks.includes('catastrophic'));
      expect(coversAgain(standing, { ...one, content: other.content })).toBe(mayStand);
      if (coversAgain(standing, other)) expect(covers({ ...one, content: other.content }, other)).toBe(true);
    }),
  );
});

test('an approval for the rest of the run does not cover a rule that demands more by now', () => {
  const demand: Demand = { finding: 'organization/x', role: 'sre', quorum: 1, fourEyes: false };
  const given: Action = {
    ...{
      tool: 'run-command',
      args: '{}',
      effect: 'sandbox',
      marks: ['destructive'],
      snapshot: 's',
      content: {},
    },
    findings: ['organization/x'],
    demands: [demand],
  };
  const standing = standingActionOf(given);
  expect(coversAgain(standing, given)).toBe(true);
  for (const more of [{ quorum: 2 }, { fourEyes: true }, { role: 'lead' }])
    expect(coversAgain(standing, { ...given, demands: [{ ...demand, ...more }] })).toBe(false);
});
