import type { Decision } from '../../src/domain/decision';
import type { RunFacts } from '../../src/domain/steps';
import { AutonomyTier } from '../../src/domain/tier';
import { judge } from '../../src/policy/judge';
import { parseTools } from '../../src/policy/tools-file';
import { AT, facts, snapshotOf, toolsWith } from '../policy/fixture';

/** What a model tries by the mere form of what it says, at the highest tier and against every run's one gate. */
const DECLARED = parseTools(
  JSON.stringify({
    name: 'tag-image',
    effect: 'read',
    sensitive: [],
    parameters: {
      type: 'object',
      properties: {
        tag: { type: 'string', pattern: '^([a-z]+[.]?)+$' },
        labels: { type: 'object', default: {}, patternProperties: { '^(x+)+y$': {} } },
      },
    },
  }),
  'tools.jsonl',
);

function judged(tool: string, args: string, known: Partial<RunFacts> = {}): Decision {
  const snapshot = snapshotOf({ tier: AutonomyTier.PROD_GATED, tools: DECLARED });
  return judge(
    { id: 'call-1', tool, args },
    { runId: 'run-1', snapshot, facts: facts(known), now: AT },
    toolsWith(DECLARED),
  ).decision;
}

/** The gate goes on: what is honest is judged as ever. */
afterEach(() => {
  expect(judged('read-file', '{"path":"main.tf"}').verdict).toBe('allow');
  expect(judged('tag-image', '{"tag":"v.one"}').verdict).toBe('allow');
});

test.each([
  ['a prototype', '{"path":"main.tf","__proto__":{"tier":4}}'],
  ['a prototype below', '{"path":"main.tf","limit":{"__proto__":{"tier":4}}}'],
  ['a constructor', '{"path":"main.tf","constructor":{"prototype":{"tier":4}}}'],
  ['one key twice', '{"path":"main.tf","path":"../../etc/passwd"}'],
  ['one key twice, once escaped', '{"path":"main.tf","p\\u0061th":"../../etc/passwd"}'],
  ['a key that only looks like another', '{"path":"main.tf","p\u0430th":"x"}'],
  ['a key nobody declared', '{"path":"main.tf","approved":true}'],
  ['a list for a text', '{"path":["main.tf"]}'],
  ['an object for a text', '{"path":{"toString":"main.tf"}}'],
  ['a text for a number', '{"path":"main.tf","limit":"1"}'],
  ['a number out of range', '{"path":"main.tf","limit":1e999}'],
  ['a number that loses digits', '{"path":"main.tf","limit":9007199254740993}'],
  ['half a character', '{"path":"\\ud800"}'],
  ['a byte order mark', '\uFEFF{"path":"main.tf"}'],
  ['a second value', '{"path":"main.tf"}{"path":"x"}'],
  ['a comment', '{"path":"main.tf"/**/}'],
  ['other quotes', "{'path':'main.tf'}"],
  ['no object', '["main.tf"]'],
  ['nothing', 'null'],
  ['a text that was never closed', '{"path":"main.tf'],
  ['a hundred thousand objects in each other', '{"a":'.repeat(100_000)],
  ['a hundred thousand lists in each other', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
  ['more than is read', JSON.stringify({ path: 'x'.repeat(400_000) })],
])('arguments with %s are refused', (_what, args) => {
  for (const tool of ['read-file', 'tag-image']) {
    const decision = judged(tool, args);
    expect(decision).toMatchObject({ verdict: 'deny', effect: null });
    // The whole of what was sent is not said again.
    expect(JSON.stringify(decision).length).toBeLessThan(3_000);
  }
  expect(({} as Record<string, unknown>).tier).toBeUndefined();
  expect(Object.keys(Object.prototype)).toEqual([]);
});

test.each([
  ['a letter of another script', 're\u0430d-file'],
  ['a character that is not seen', 'read-file\u200B'],
  ['a NUL', 'read-file\0'],
  ['a path', '../read-file'],
  ['a command behind', 'read-file; rm -rf /'],
  ['nothing', ''],
  ['a name that every object has', 'constructor'],
  ['the prototype', '__proto__'],
  ['a method', 'hasOwnProperty'],
  ['a hundred thousand letters', 'x'.repeat(100_000)],
  ['an escape of a terminal', '\u001B]0;approved\u0007read-file'],
])('a tool named with %s does not exist', (_what, name) => {
  const decision = judged(name, '{"path":"main.tf"}');
  expect(decision).toMatchObject({
    verdict: 'deny',
    findings: [{ layer: 'input', rule: 'unknown-tool' }],
  });
  const { message } = decision.findings[0]!;
  expect(message.length).toBeLessThan(300);
  expect(message).not.toMatch(/\p{Cc}/u);
});

test.each<[string, string, object]>([
  ['a pattern that backtracks', 'tag-image', { tag: `${'a'.repeat(200)}!` }],
  ['a pattern of keys that backtracks', 'tag-image', { tag: 'a', labels: { [`${'x'.repeat(200)}!`]: 1 } }],
  ['a search that would backtrack elsewhere', 'search-files', { pattern: '(a+)+$', path: 'x'.repeat(4_000) }],
  ['braces that multiply', 'run-command', { command: `rm ${'{a,b}'.repeat(60)}` }],
  ['braces over a range', 'run-command', { command: 'for i in {1..999999999}; do rm $i; done' }],
  ['variables that double', 'run-command', { command: `x=aaaaaaaa; ${'x=$x$x; '.repeat(60)}rm $x` }],
  ['substitutions in each other', 'run-command', { command: '$('.repeat(9_000) }],
  ['quotes in each other', 'run-command', { command: '"$('.repeat(6_000) }],
  ['parentheses in each other', 'run-command', { command: '('.repeat(19_000) }],
  ['here-documents without end', 'run-command', { command: '<<A '.repeat(4_900) }],
  ['defaults in each other', 'run-command', { command: '${x:-'.repeat(3_000) }],
  ['functions that call each other', 'run-command', { command: 'a() { b; b; }; b() { a; a; }; a' }],
  ['nothing but backslashes', 'run-command', { command: '\\'.repeat(19_999) }],
  ['nothing but stars', 'run-command', { command: `rm ${'*'.repeat(19_000)}` }],
  [
    'a shell in a shell in a shell',
    'run-command',
    { command: Array(40).fill('sh -c ').join("'").concat('true') },
  ],
  ['a patch of empty hunks', 'apply-patch', { patch: '--- a/x\n+++ b/x\n@@ -0,0 +0,0 @@\n'.repeat(8_000) }],
])('%s costs the gate less than two seconds', (_what, tool, args) => {
  const before = process.cpuUsage();
  const { verdict } = judged(tool, JSON.stringify(args));
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1_000).toBeLessThan(2_000);
  if (tool !== 'search-files') expect(['deny', 'ask', 'allow']).toContain(verdict);
});

test('what only its time limit stops does not match, and is refused', () => {
  expect(judged('tag-image', JSON.stringify({ tag: `${'a'.repeat(200)}!` }))).toMatchObject({
    verdict: 'deny',
    findings: [{ rule: 'wrong-arguments' }],
  });
});

test.each([
  ['a built-in name', { name: 'read-file' }],
  ['a built-in name spelled otherwise', { name: 'Read_File' }],
  ['a name with a path', { name: '../x' }],
  ['a name that is not seen', { name: 'x\u200B' }],
  ['arguments that are no object', { parameters: { type: 'array' } }],
  ['a schema fetched from elsewhere', { parameters: { $ref: 'https://example.com/schema.json' } }],
  ['a pattern that is none', { parameters: { properties: { x: { pattern: '(' } } } }],
  ['an effect that there is not', { effect: 'harmless' }],
  ['a key that there is not', { approved: true }],
])('a tool declared with %s is no tool', (_what, changes) => {
  const declare = () => {
    const line = JSON.stringify({ name: 'x', effect: 'read', parameters: { type: 'object' }, ...changes });
    const declared = parseTools(line, 'tools.jsonl');
    snapshotOf({ tools: declared });
    return toolsWith(declared)('read-file');
  };
  let tool: unknown;
  try {
    tool = declare();
  } catch (error) {
    expect(error).toMatchObject({ code: expect.stringMatching(/^tool/) });
    return;
  }
  // Never in the place of the built-in one.
  expect(tool).toMatchObject({ description: expect.stringContaining('Read a text file') });
});

describe('the limits of the prompt rules', () => {
  const spent: Partial<RunFacts> = { driftIterations: 10 };
  test.each([
    ['terraform-plan', {}],
    ['terraform_apply', {}],
    ['terraformApply', {}],
    ['run-command', { command: 'terraform apply -auto-approve' }],
    ['run-command', { command: 'terraform plan' }],
    ['run-command', { command: 'tofu apply' }],
    ['run-command', { command: 'terragrunt run-all apply' }],
    ['run-command', { command: 'env X=1 nice terraform -chdir=x apply' }],
    ['run-command', { command: 'bash -c "true && terraform apply"' }],
    ['run-command', { command: 't=terraform; $t apply' }],
  ])('the eleventh drift iteration is refused as %s %j', (tool, args) => {
    expect(judged(tool, JSON.stringify(args), spent)).toMatchObject({
      verdict: 'deny',
      findings: expect.arrayContaining([expect.objectContaining({ rule: 'drift-iterations' })]),
    });
  });

  const written: Partial<RunFacts> = { lastValidateStep: 1, lastWriteStep: 2 };
  test.each([
    ['create-pr', { title: 'x' }],
    ['create_pr', { title: 'x' }],
    ['createPr', { title: 'x' }],
    ['run-command', { command: 'gh pr create --fill' }],
    ['run-command', { command: 'gh pr new' }],
    ['run-command', { command: 'bash -c "gh pr create -f"' }],
    ['run-command', { command: 'x=create; gh pr $x' }],
    ['run-command', { command: 'glab mr create' }],
    ['run-command', { command: 'git push -o merge_request.create origin gatehouse/run-1' }],
  ])('a pull request that nothing validated is refused as %s %j', (tool, args) => {
    expect(judged(tool, JSON.stringify(args), written)).toMatchObject({
      verdict: 'deny',
      findings: expect.arrayContaining([expect.objectContaining({ rule: 'validate-before-pr' })]),
    });
  });
});
