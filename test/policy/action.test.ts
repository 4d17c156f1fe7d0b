import fc from 'fast-check';
import { type Effect, effects, type Mark, marks } from '../../src/domain/effect';
import { type Action, actionHash, covers } from '../../src/policy/action';

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
