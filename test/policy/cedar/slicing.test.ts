import fc from 'fast-check';
import { strictest } from '../../../src/domain/decision';
import { compileRules } from '../../../src/policy/cedar/compile-rules';
import type { CompiledRule } from '../../../src/policy/cedar/compiled-rule';
import { evaluate } from '../../../src/policy/cedar/evaluate';
import {
  callRequest,
  contentRequest,
  readerOf,
  touchedBy,
  touchRequest,
} from '../../../src/policy/cedar/request';
import { RuleIndex } from '../../../src/policy/cedar/rule-index';
import type { PolicyContext } from '../../../src/policy/layer';
import { readCall } from '../../../src/policy/read-call';
import { AT, toolsWith } from '../fixture';
import { bucket, decide, rules } from './rules';

const value = fc.constantFrom(
  '"main"',
  '"run-1"',
  '"dev"',
  '"a.tf"',
  '"aws_s3_bucket"',
  '"draft"',
  '7',
  'true',
);
const path = fc.constantFrom(
  'context.args.branch',
  'context.args.path',
  'context.args.force',
  'context.args.nosuch',
  'context.effect',
  'context.nosuch',
  'resource.name',
  'resource.type',
  'resource.nosuch',
  'principal.tier',
);
const condition: fc.Arbitrary<string> = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.tuple(path, value).map(([left, right]) => `${left} == ${right}`),
    fc.tuple(path, value).map(([left, right]) => `${right} == ${left}`),
    fc.tuple(path, value, value).map(([right, one, other]) => `[${one}, ${other}].contains(${right})`),
    fc.tuple(path, value, value).map(([left, one, other]) => `(${left} == ${one} || ${left} == ${other})`),
    path.map((left) => `${left} like "m*"`),
    fc.constantFrom(
      'context.args has branch',
      'context has nosuch',
      'resource has type',
      'resource is Branch',
      'resource is ContentResource',
      'resource.hasTag("encrypted")',
      'resource.getTag("encrypted") == "true"',
      'resource == Branch::"main"',
      'context.args == {path: "a.tf"}',
      'context.marks.contains("secret")',
      '9223372036854775807 + 1 == 0',
      'true',
      'false',
    ),
    fc.tuple(tie('condition'), tie('condition')).map(([one, other]) => `(${one}) && (${other})`),
    fc.tuple(tie('condition'), tie('condition')).map(([one, other]) => `(${one}) || (${other})`),
    tie('condition').map((one) => `!(${one})`),
  ),
})).condition;
const action = fc.constantFrom(
  'action',
  'action == Action::"git-push"',
  'action == Action::"read-file"',
  'action in Action::"changes-content"',
  'action in [Action::"write-file", Action::"git-push"]',
);
const resource = fc.constantFrom(
  'resource',
  'resource is Branch',
  'resource is ContentResource',
  'resource == Branch::"main"',
  'resource == Path::"a.tf"',
);
const clause = fc
  .tuple(fc.constantFrom('when', 'unless'), condition)
  .map(([kind, body]) => `${kind} { ${body} }`);
const rule = fc
  .tuple(
    fc.constantFrom('forbid', 'forbid', '@ask("why?") forbid', 'permit'),
    action,
    resource,
    fc.array(clause, { maxLength: 3 }),
  )
  .map(([effect, tool, thing, clauses]) => `${effect} (principal, ${tool}, ${thing}) ${clauses.join(' ')};`);
const call = fc.constantFrom<[string, object]>(
  ['git-push', {}],
  ['git-push', { branch: 'main' }],
  ['git-push', { branch: 'dev', force: true }],
  ['read-file', { path: 'a.tf' }],
  ['write-file', { path: 'a.tf', content: 'x' }],
);

/** Ids of the rules that match or fail, of a call and of what it declares. */
function outcome(
  source: string[],
  [tool, args]: [string, object],
  change: (rule: CompiledRule) => CompiledRule,
) {
  const snapshot = rules(source.join('\n'));
  const context: PolicyContext = { runId: 'run-1', snapshot, now: AT };
  const proposed = { id: 'c', tool, args: JSON.stringify(args) };
  const reading = readCall(proposed, toolsWith(), {
    runId: 'run-1',
    branch: 'run-1',
    settings: snapshot.settings,
  });
  if (!reading.ok) throw new Error(reading.finding.message);
  const request = callRequest(reading.read, context);
  const index = new RuleIndex(compileRules(snapshot).rules.map(change));
  return [
    ...touchedBy(reading.read, context).map((each) => touchRequest(request, each)),
    ...(tool === 'read-file' ? [] : [contentRequest(request, bucket({ encrypted: 'true' }))]),
  ].map((each) => {
    const slice = index.sliceFor(tool, readerOf(each));
    if (!slice) return { matched: [], failed: [] };
    const found = evaluate(slice, each);
    if (found.kind === 'refused') throw new Error(found.problem);
    return {
      matched: found.matched.map(({ id }) => id).sort(),
      failed: found.failed.map(({ rule: { id } }) => id).sort(),
    };
  });
}

test('a slice says what all rules together say', () => {
  let spoken = 0;
  fc.assert(
    fc.property(fc.array(rule, { minLength: 1, maxLength: 8 }), call, (source, each) => {
      const sliced = outcome(source, each, (one) => one);
      const whole = outcome(source, each, (one) => ({
        ...one,
        tools: 'every',
        test: null,
        attributes: 'every',
      }));
      spoken += whole.filter(({ matched, failed }) => matched.length + failed.length > 0).length;
      expect(sliced).toEqual(whole);
    }),
    { numRuns: 200 },
  );
  expect(spoken).toBeGreaterThan(50);
});

test('a rule more never loosens, and no rule turns a failure into an allow', () => {
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 4 }), rule, call, (source, more, [tool, args]) => {
      const content = { kind: 'loaded' as const, resources: [bucket({})] };
      const before = decide(rules(source.join('\n')), tool, args, { content });
      const after = decide(rules([...source, more].join('\n')), tool, args, { content });
      expect(strictest(before.verdict, after.verdict)).toBe(after.verdict);
    }),
    { numRuns: 150 },
  );
});

test('whatever a policy says, the gate answers, and nonsense never allows', () => {
  const pieces = fc.constantFrom(
    'forbid',
    'permit',
    '(',
    ')',
    'principal',
    ',',
    'action',
    'resource',
    ';',
    'when',
    '{',
    '}',
    '"',
    '@ask',
    '//',
    '\n',
    '\\',
    '==',
    'Action::"x"',
    '💥',
  );
  fc.assert(
    fc.property(fc.array(pieces, { minLength: 1, maxLength: 20 }), (parts) => {
      const source = parts.join(' ');
      const { verdict, errors } = decide(rules(source), 'read-file', { path: 'a.tf' });
      expect(errors).toEqual([]);
      const isBlank = source.replace(/\/\/[^\n\r]*/g, '').trim() === '';
      if (!isBlank && !/forbid \( principal|permit \( principal/.test(source)) expect(verdict).toBe('deny');
    }),
    { numRuns: 300 },
  );
});

test('whatever arguments and content hold, a rule against all calls holds', () => {
  const snapshot = rules('forbid (principal, action, resource);');
  const hostile = fc.dictionary(
    fc.constantFrom(
      '__entity',
      '__extn',
      '__expr',
      'constructor',
      'toString',
      'type',
      'id',
      'fn',
      'arg',
      '💥',
      '',
    ),
    fc.oneof(fc.string({ unit: 'binary' }), fc.constant({ type: 'Agent', id: 'tester' }), fc.constant(null)),
  );
  fc.assert(
    fc.property(fc.oneof(hostile, fc.string({ unit: 'binary' })), hostile, (branch, more) => {
      expect(decide(snapshot, 'git-push', { branch, ...more }).verdict).toBe('deny');
      const attributes = Object.fromEntries(Object.entries(more).map(([key, text]) => [key, String(text)]));
      const content = { kind: 'loaded' as const, resources: [bucket(attributes)] };
      const decision = decide(snapshot, 'write-file', { path: 'x', content: '' }, { content });
      expect(decision.verdict).toBe('deny');
      expect(decision.errors).toEqual([]);
    }),
    { numRuns: 150 },
  );
});

test('a megabyte of content in the arguments is not handed to rules that do not read it', () => {
  const snapshot = rules(
    'forbid (principal, action == Action::"write-file", resource) when { resource.name like "ci/*" };',
  );
  const args = { path: 'a.tf', content: '💥'.repeat(60_000) };
  decide(snapshot, 'write-file', args);
  const compiled = compileRules(snapshot).rules[0];
  expect(compiled?.attributes).toEqual(new Set(['name']));
  expect(decide(snapshot, 'write-file', args).verdict).toBe('allow');
});
