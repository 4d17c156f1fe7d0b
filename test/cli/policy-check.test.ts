import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gatehouse, jsonOf } from './gatehouse-command';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-check-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
}

const policy = (name: string, rules: string) =>
  `---\nname: ${name}\nversion: 1\n---\n- Hotfix branches are for people\n\n\`\`\`cedar\n${rules}\n\`\`\`\n`;
const noHotfix =
  '@id("no-hotfix")\n@message("hotfix branches are for people")\nforbid (principal, action == Action::"git-push", resource == Branch::"hotfix");';
const tested = `- name: a hotfix branch is refused
  agent: { tier: DRAFT }
  call: { tool: git-push, args: { branch: hotfix } }
  expect: { verdict: deny, reason: { layer: organization, rule: branches/no-hotfix, message: people } }
`;

interface Report {
  isGood: boolean;
  policies: { name: string; rules: number; tests: { file: string | null; passed: number; failed: number } }[];
  problems: { severity: string; file: string; line: number; rule: string | null; message: string }[];
}

async function check(dir: string, ...more: string[]) {
  const ended = await gatehouse(['policy', 'check', dir, '--json', ...more], { cwd: folder });
  const report = jsonOf<Report>(ended);
  return { code: ended.code, report, told: report.problems.map(told) };
}

const told = ({ severity, file: name, line, rule, message }: Report['problems'][number]) =>
  `${severity} ${name}:${line} ${rule ?? '-'} ${message}`;

test('sound policies with tests that pass are good', async () => {
  file('good/branches.md', policy('Branches', noHotfix));
  file('good/branches.test.yaml', tested);
  file('good/prose.md', '---\nname: Prose\nversion: 1\n---\n- Be kind\n');
  file('good/README.md', '# About these\n');
  const { code, report } = await check('good');
  expect({ code, report }).toEqual({
    code: 0,
    report: {
      isGood: true,
      policies: [
        {
          name: 'Branches',
          version: 1,
          file: 'good/branches.md',
          rules: 1,
          tests: { file: 'good/branches.test.yaml', passed: 1, failed: 0 },
        },
        {
          name: 'Prose',
          version: 1,
          file: 'good/prose.md',
          rules: 0,
          tests: { file: null, passed: 0, failed: 0 },
        },
      ],
      problems: [],
    },
  });
});

test('the example policies are good', async () => {
  const { code, told: problems } = await check(join(__dirname, '../../examples/policies'));
  expect({ code, problems: problems.filter((line) => line.startsWith('error')) }).toEqual({
    code: 0,
    problems: [],
  });
}, 60_000);

test('a test that fails names its line, what came and what was expected', async () => {
  file('failing/branches.md', policy('Branches', noHotfix));
  file('failing/branches.test.yaml', `${tested}${tested.replace('branch: hotfix', 'branch: other')}`);
  const { code, report, told: problems } = await check('failing');
  expect({ code, tests: report.policies[0]?.tests }).toMatchObject({
    code: 1,
    tests: { passed: 1, failed: 1 },
  });
  expect(problems[0]).toMatch(
    /^error failing\/branches\.test\.yaml:5 - `a hotfix branch is refused`: the verdict is `ask`, not `deny`: `tools\/push-elsewhere`/,
  );
});

test('a refusal for another reason than the one expected fails', async () => {
  file('reason/branches.md', policy('Branches', noHotfix));
  file('reason/branches.test.yaml', tested.replace('args: { branch: hotfix }', 'args: { branch: main }'));
  const { code, told: problems } = await check('reason');
  expect(code).toBe(1);
  expect(problems).toContainEqual(
    expect.stringMatching(/`organization\/branches\/no-hotfix` \(people\) is not among the reasons/),
  );
});

test('a refusal without a reason is no test', async () => {
  file('unsaid/branches.md', policy('Branches', noHotfix));
  file('unsaid/branches.test.yaml', tested.replace(/, reason: .*}/, ' }'));
  const { code, told: problems } = await check('unsaid');
  expect(code).toBe(1);
  expect(problems).toContainEqual(
    expect.stringMatching(/branches\.test\.yaml:1 - .*expects a refusal and no `reason`/),
  );
});

test('rules without tests, and rules that no test makes speak, are warnings', async () => {
  file('untested/a.md', policy('A', noHotfix.replace('::"hotfix"', '::"other"')));
  file(
    'untested/branches.md',
    policy(
      'Branches',
      `${noHotfix}\n@id("silent")\nforbid (principal, action == Action::"create-pr", resource);`,
    ),
  );
  file('untested/branches.test.yaml', tested);
  const { code, told: problems } = await check('untested');
  expect({ code, problems }).toEqual({
    code: 0,
    problems: [
      'warning untested/a.md:1 - its rules have no tests',
      'warning untested/branches.md:11 branches/silent no test makes this rule speak',
    ],
  });
});

test.each([
  ['a tool that there is not', 'forbid (principal, action == Action::"git-psh", resource);', /git-psh/],
  [
    'an argument that there is not',
    'forbid (principal, action == Action::"git-push", resource) when { context.args.brnch == "x" };',
    /brnch/,
  ],
  [
    'a value that there is not',
    'forbid (principal, action, resource) when { context.effect == "prod" };',
    /can never match: "prod" is no value of `context\.effect`/,
  ],
  [
    'two values of one thing',
    'forbid (principal, action == Action::"git-push", resource) when { resource.name == "a" && ["b", "c"].contains(resource.name) };',
    /`resource\.name` is asked to be "a" and "b" or "c" at once/,
  ],
  [
    'a condition and its opposite',
    'forbid (principal, action == Action::"git-push", resource) when { resource.name like "a*" } unless { resource.name like "a*" };',
    /asks for a condition and against it/,
  ],
  [
    'a literal false',
    'forbid (principal, action == Action::"git-push", resource) when { false };',
    /never match/,
  ],
  ['text that is no Cedar', 'forbid (principal', /./],
])('a rule with %s is an error in its line', async (_what, rule, message) => {
  file(
    'one/one.md',
    policy('One', `@id("sound")\nforbid (principal, action == Action::"git-log", resource);\n\n${rule}`),
  );
  const { code, report } = await check('one');
  expect(code).toBe(1);
  const errors = report.problems.filter(({ severity }) => severity === 'error');
  expect(errors).toEqual([
    expect.objectContaining({ file: 'one/one.md', line: 11, message: expect.stringMatching(message) }),
  ]);
});

test('a rule that another one covers is named, also across policies; one that differs is not', async () => {
  file(
    'covered/a.md',
    policy(
      'A',
      '@id("all-pushes")\nforbid (principal, action in [Action::"git-push", Action::"create-pr"], resource) when { principal.tier < 3 };',
    ),
  );
  file(
    'covered/b.md',
    policy(
      'B',
      [
        '@id("narrower")',
        'forbid (principal, action == Action::"git-push", resource == Branch::"hotfix") when { resource.name != "x" && principal.tier < 3 };',
        '@id("asks")',
        '@ask("sure?")',
        'forbid (principal, action == Action::"create-pr", resource) when { principal.tier < 3 };',
        '@id("other-tiers")',
        'forbid (principal, action == Action::"git-push", resource) when { principal.tier < 4 };',
        '@id("other-tool")',
        'forbid (principal, action == Action::"git-commit", resource) when { principal.tier < 3 };',
      ].join('\n'),
    ),
  );
  const { code, report } = await check('covered');
  expect(code).toBe(0);
  const covered = report.problems.filter(({ message }) => message.includes('changes nothing'));
  expect(
    covered.map(({ rule, message }) => [rule, /`(a\/[^`]+)` \(([^)]+)\)/.exec(message)?.slice(1)]),
  ).toEqual([
    ['b/narrower', ['a/all-pushes', 'covered/a.md:8']],
    ['b/asks', ['a/all-pushes', 'covered/a.md:8']],
  ]);
});

test('a permit is said to change nothing', async () => {
  file('permit/p.md', policy('P', 'permit (principal, action == Action::"git-push", resource);'));
  expect((await check('permit')).told).toContainEqual(
    expect.stringMatching(/^warning permit\/p\.md:8 p\/rule-1 a `permit` has no effect/),
  );
});

test('a rule about a tool that none of the agents may use is warned of', async () => {
  file('reader.yaml', 'name: reader\ntier: OBSERVE\n');
  file('drafter.yaml', 'name: drafter\ntier: DRAFT\n');
  const isUnused = ({ told: problems }: { told: string[] }) =>
    problems.some((line) => /branches\/no-hotfix none of the agents may use `git-push`/.test(line));
  expect(isUnused(await check('good', '--agent', 'reader.yaml'))).toBe(true);
  expect(isUnused(await check('good', '--agent', 'reader.yaml', '--agent', 'drafter.yaml'))).toBe(false);
});

test('rules may name the tools of a tools file', async () => {
  file(
    'own/own.md',
    policy(
      'Own',
      'forbid (principal, action == Action::"rotate-key", resource) when { context.args.key == "root" };',
    ),
  );
  file(
    'tools.yaml',
    '- { name: rotateKey, parameters: { type: object, properties: { key: { type: string } }, required: [key] } }\n',
  );
  expect((await check('own')).code).toBe(1);
  expect((await check('own', '--tools', 'tools.yaml')).code).toBe(0);
});

test('two policies that share a name, files that are no policies and tests without one are errors', async () => {
  file('mixed/a.md', policy('One', noHotfix));
  file('mixed/b.md', '---\nname: One\nversion: 1\n---\nx\n');
  file('mixed/c.md', '---\nname: ONE\nversion: 1\n---\ny\n');
  file('mixed/d.md', '---\nname: D\nversion: 0\n---\n```cedar\nforbid\n');
  file('mixed/e.test.yaml', tested);
  const { code, told: problems } = await check('mixed');
  expect(code).toBe(1);
  expect(problems.filter((line) => line.startsWith('error'))).toEqual([
    expect.stringMatching(/mixed\/b\.md:1 - the policy `One` has the name of the one in mixed\/a\.md/),
    expect.stringMatching(/mixed\/c\.md:1 - rules of `ONE` and of `One` .* would have the same ids/),
    expect.stringMatching(/mixed\/d\.md:3 - `version`/),
    expect.stringMatching(/mixed\/e\.test\.yaml:1 - there is no policy beside these tests/),
  ]);
});

test.each([
  ['a folder that is not there', ['nowhere']],
  ['an agent file that is not there', ['good', '--agent', 'nowhere.yaml']],
])('%s is bad usage', async (_what, args) => {
  const { code, stdout } = await gatehouse(['policy', 'check', ...args], { cwd: folder });
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
});

test('people read one line for each problem, and a summary', async () => {
  const { code, stdout } = await gatehouse(['policy', 'check', 'untested'], { cwd: folder });
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^warning untested\/a\.md:1: its rules have no tests \(write untested\/a\.test\.yaml\)$/m,
  );
  expect(stdout).toMatch(/^Branches +1 +2 +1 passed +untested\/branches\.md$/m);
  expect(stdout).toMatch(/^good: 0 errors, 2 warnings$/m);
});
