import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gatehouse, jsonOf } from './gatehouse-command';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-coverage-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Report {
  isGood: boolean;
  bullets: { text: string; line: number; demand: string | null; state: string; rules: unknown[] }[];
  problems: { line: number; rule: string; message: string }[];
}

const PROSE = `- Agents MUST NOT push to hotfix branches
- Agents SHOULD write
  short messages
- Be kind
`;
const rule = (claim: string, more = '') => `${claim}
@id("no-hotfix")${more}
forbid (principal, action == Action::"git-push", resource == Branch::"hotfix");`;
const TEST = `- name: a hotfix branch is refused
  agent: { tier: DRAFT }
  call: { tool: git-push, args: { branch: hotfix } }
  expect: { verdict: deny, reason: { layer: organization, rule: branches/no-hotfix } }
`;

async function coverage(name: string, rules: string, tests: string | null = TEST) {
  const file = join(folder, name, 'branches.md');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `---\nname: Branches\nversion: 1\n---\n${PROSE}\n\`\`\`cedar\n${rules}\n\`\`\`\n`);
  if (tests !== null) writeFileSync(join(folder, name, 'branches.test.yaml'), tests);
  const ended = await gatehouse(['policy', 'coverage', name, '--json'], { cwd: folder });
  return { code: ended.code, ...jsonOf<Report>(ended) };
}

test('a bullet is enforced by a rule that quotes it and that a test cannot do without; others are advisory', async () => {
  const { code, bullets, problems } = await coverage('good', rule('@enforces("push to hotfix branches")'));
  expect({ code, problems }).toEqual({ code: 0, problems: [] });
  const advisory = { policy: 'Branches', file: 'good/branches.md', state: 'advisory', rules: [] };
  expect(bullets).toEqual([
    {
      policy: 'Branches',
      file: 'good/branches.md',
      line: 5,
      text: 'Agents MUST NOT push to hotfix branches',
      demand: 'MUST',
      state: 'enforced',
      rules: [{ id: 'branches/no-hotfix', tests: ['a hotfix branch is refused'] }],
    },
    { ...advisory, line: 6, text: 'Agents SHOULD write short messages', demand: 'SHOULD' },
    { ...advisory, line: 8, text: 'Be kind', demand: null },
  ]);
});

test('one rule may claim several bullets', async () => {
  const { code, bullets } = await coverage('several', rule('@enforces("hotfix branches | be KIND")'));
  expect({ code, states: bullets.map(({ state }) => state) }).toEqual({
    code: 0,
    states: ['enforced', 'advisory', 'enforced'],
  });
});

const hotfix = '@enforces("hotfix branches")';
// Another rule refuses as well, so the test passes without the one that claims.
const doubled = `${rule(hotfix)}\n@id("no-push")\nforbid (principal, action == Action::"git-push", resource);`;

test.each([
  ['quotes no bullet', rule('@enforces("hotfix brunches")'), TEST, /quotes no bullet: "hotfix brunches"/],
  ['quotes two bullets', rule('@enforces("Agents")'), TEST, /quotes 2 bullets: "Agents"/],
  ['has no tests at all', rule(hotfix), null, /not accepted: the policy has no tests/],
  [
    'has a test that passes without it',
    doubled,
    TEST.replace(
      ', reason: { layer: organization, rule: branches/no-hotfix }',
      ', reason: { rule: branches/no-push }',
    ),
    /not accepted: no test of .*branches\.test\.yaml fails without the rule/,
  ],
  [
    'has a test that fails anyhow',
    rule(hotfix),
    TEST.replace('verdict: deny', 'verdict: ask'),
    /not accepted: no test of .* fails without the rule/,
  ],
  [
    'only observes',
    rule(hotfix, '\n@observe'),
    TEST.replace('deny,', 'allow,'),
    /not accepted: the rule refuses nothing/,
  ],
])('a claim that %s is not accepted', async (what, rules, tests, message) => {
  const { code, isGood, bullets, problems } = await coverage(what.replaceAll(' ', '-'), rules, tests);
  expect({ code, isGood }).toEqual({ code: 1, isGood: false });
  expect(problems).toEqual([
    expect.objectContaining({
      rule: 'branches/no-hotfix',
      line: 11,
      message: expect.stringMatching(message),
    }),
  ]);
  expect(bullets.every(({ state }) => state === 'advisory')).toBe(true);
});

test('the example policies keep what they claim', async () => {
  const examples = join(__dirname, '../../examples/policies');
  const ended = await gatehouse(['policy', 'coverage', examples, '--json']);
  const { bullets, problems } = jsonOf<Report>(ended);
  expect(problems).toEqual([]);
  const enforced = bullets.filter(({ state }) => state === 'enforced').map(({ text }) => text);
  expect(enforced).toContain('All EBS volumes MUST be encrypted');
}, 60_000);

test('people read a table with one line for each bullet', async () => {
  await coverage('read', rule(hotfix));
  const { code, stdout } = await gatehouse(['policy', 'coverage', 'read'], { cwd: folder });
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^enforced +MUST +1 +Agents MUST NOT push to hotfix branches +branches\/no-hotfix$/m,
  );
  expect(stdout).toMatch(/^1 of 3 bullets enforced, 2 advisory, 0 claims not accepted$/m);
});

test('policies that cannot be read are bad usage', async () => {
  const { code, stdout } = await gatehouse(['policy', 'coverage', 'nowhere'], { cwd: folder });
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
});
