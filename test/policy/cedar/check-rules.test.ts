import { checkRules, writtenRules } from '../../../src/policy/cedar/check-rules';
import { splitSource } from '../../../src/policy/cedar/split-source';
import { builtInTools } from '../../../src/tools/catalogue';

const check = (...lines: string[]) =>
  checkRules(
    [
      {
        file: 'p.md',
        policy: 'P',
        markdown: ['Text.', '```cedar', ...lines, '```', ''].join('\n'),
        firstLine: 5,
      },
    ],
    builtInTools.values(),
  ).map(({ severity, line, message, suggestion }) => [severity, line, message, suggestion]);

const push = (condition: string) =>
  `forbid (principal, action == Action::"git-push", resource) when { ${condition} };`;

test('rules that are right have no problems', () => {
  expect(check(push('context.args.branch like "rel*" && resource.name != "x"'), '// the end')).toEqual([]);
  expect(checkRules([{ file: 'p.md', policy: 'P', markdown: 'No rules.' }], builtInTools.values())).toEqual(
    [],
  );
});

test.each([
  ['a tool', 'forbid (principal, action == Action::"git-psh", resource);', 'git-psh', 'git-push'],
  ['an argument', push('context.args.brnch == "x"'), 'brnch', 'branch'],
  ['an annotation', '@fourEys @ask("x") forbid (principal, action, resource);', 'fourEys', 'fourEyes'],
  [
    'a resource type',
    'forbid (principal, action == Action::"git-push", resource is Brnch);',
    'Brnch',
    'Branch',
  ],
  ['an operator', push('context.effect = "x"'), '=', '=='],
])('%s that is misspelt is an error in its line, with what was meant', (_what, source, named, meant) => {
  const [problem, ...others] = check('// ünï ; "', '', source);
  expect(others).toEqual([]);
  expect(problem).toEqual(['error', 9, expect.stringContaining(named), expect.stringContaining(meant)]);
});

test('the line is that of the mistake, not of the rule', () => {
  expect(
    check(
      '@id("ü💥")',
      'forbid (',
      '  principal, action == Action::"git-push", resource',
      ') when {',
      '  context.args.brnch == "💥"',
      '};',
    ).map(([, line]) => line),
  ).toEqual([7, 11]);
});

test.each([
  [
    'an optional argument that is not asked for',
    'forbid (principal, action == Action::"create-pr", resource) when { context.args.base == "x" };',
    'optional',
  ],
  ['a comparison that is never true', push('context.effect == 3'), 'not compatible'],
  [
    'a rule that can never match',
    'forbid (principal, action == Action::"git-push", resource is Path);',
    'never match',
  ],
  ['a test for an argument that no tool has', push('context.args has brnch'), 'never match'],
  [
    'an argument that only some tools have',
    'forbid (principal, action, resource) when { context.args.path == "x" };',
    'nor for other tools',
  ],
  ['a template', 'forbid (principal == ?principal, action, resource);', 'template'],
  ['a rule without its end', 'forbid (principal, action, resource)', 'end of input'],
  ['a rate and a question', '@rate("1 per 1h") @ask("x") forbid (principal, action, resource);', '@rate'],
  ['a rate nobody can read', '@rate("1 per fortnight") forbid (principal, action, resource);', '@rate'],
  ['a quorum without a question', '@quorum("2") forbid (principal, action, resource);', '@ask'],
  ['an id of other letters', '@id("Ä b") forbid (principal, action, resource);', '@id'],
])('%s is an error', (_what, source, named) => {
  expect(check(source).map(([severity, line, message]) => [severity, line, message])).toContainEqual([
    'error',
    7,
    expect.stringContaining(named),
  ]);
});

test('an id twice is an error that names the other line', () => {
  const rule = '@id("x") forbid (principal, action == Action::"git-push", resource);';
  expect(check(rule, rule)).toEqual([['error', 8, expect.stringContaining('line 7'), expect.anything()]]);
});

test('a permit is a warning, since it loosens nothing', () => {
  expect(check('permit (principal, action, resource);')).toEqual([
    ['warning', 7, expect.stringContaining('no effect'), expect.anything()],
  ]);
});

test('rules are listed with ids and lines', () => {
  const markdown =
    '```cedar\n@id("a")\nforbid (principal, action, resource);\n```\nx\n```cedar\nforbid (principal,action,resource);\n```\n';
  expect(
    writtenRules({ file: 'p.md', policy: 'My Policy', markdown }).map(({ id, line }) => [id, line]),
  ).toEqual([
    ['my-policy/a', 2],
    ['my-policy/rule-2', 7],
  ]);
});

test('semicolons in strings and comments do not end a rule', () => {
  expect(splitSource('a "x;\\";" ; // b;\r c; // d').map(({ text }) => text)).toEqual(['a "x;\\";" ;', 'c;']);
});

test('each of many policies is told its own problems, as if it were alone', () => {
  const sourceOf = (index: number, rule: string) => ({
    file: `p${index}.md`,
    policy: `P${index}`,
    markdown: ['```cedar', rule, '```', ''].join('\n'),
  });
  const wrong = [
    push('context.args.brunch like "x"'),
    'forbid (principal, action == Action::"git-pusch", resource);',
    'permit (principal, action, resource);',
    'forbid (principal',
    push('context.args.branch == 3'),
  ];
  const sources = Array.from({ length: 300 }, (_, index) =>
    sourceOf(index, index % 60 === 0 ? wrong[index / 60]! : push(`resource.name like "area-${index}/*"`)),
  );
  const tools = [...builtInTools.values()];
  const together = checkRules(sources, tools);
  expect(together).toEqual(sources.flatMap((source) => checkRules([source], tools)));
  expect(new Set(together.map(({ file }) => file))).toEqual(
    new Set(['p0.md', 'p60.md', 'p120.md', 'p180.md', 'p240.md']),
  );
});
