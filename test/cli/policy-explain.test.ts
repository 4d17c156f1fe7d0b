import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Explanation } from '../../src/policy/explain';
import { BIN } from './gatehouse-command';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-explain-'));
  writeFileSync(join(folder, 'draft.yaml'), 'name: drafter\ntier: DRAFT\n');
  mkdirSync(join(folder, 'policies'));
  writeFileSync(
    join(folder, 'policies/branches.md'),
    `---
name: Branches
version: 1
---
\`\`\`cedar
@id("hotfix")
@ask("hotfix branches are for people")
@role("release-manager")
@quorum("2")
forbid (principal, action == Action::"git-push", resource == Branch::"hotfix");

@id("watch")
@observe
forbid (principal, action == Action::"git-push", resource);

@id("often")
@rate("3 per 1h")
forbid (principal, action == Action::"git-push", resource);
\`\`\`
`,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function explain(args: readonly string[], input = '') {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [BIN, 'policy', 'explain', '--agent', 'draft.yaml', '--policies', 'policies', ...args],
    { cwd: folder, input, encoding: 'utf8' },
  );
  return { code: status, stdout, stderr };
}

const push = JSON.stringify({ tool: 'git-push', args: { branch: 'hotfix' } });

test('every layer is listed, with its findings or why it is silent', () => {
  const { code, stdout } = explain([push, '--json']);
  const explanation = JSON.parse(stdout) as Explanation;
  expect({ code, verdict: explanation.verdict, effect: explanation.effect }).toEqual({
    code: 0,
    verdict: 'ask',
    effect: 'draft',
  });
  const said = explanation.layers.map(({ layer, findings, silentBecause }) => [
    layer,
    silentBecause ?? findings.map(({ verdict, rule }) => `${verdict} ${rule}`),
  ]);
  expect(said).toEqual([
    ['input', 'the call could be read'],
    ['tier', ['allow draft']],
    ['tools', ['ask push-elsewhere']],
    ['approvals', 'no approval of the agent covers this call'],
    ['commands', 'the call runs no command line'],
    ['organization', ['ask branches/hotfix', 'allow branches/watch']],
    ['grounding', 'there is no prompt to compare with'],
    ['rates', 'counted in a run only, by `branches/often`'],
  ]);
  expect(explanation.reasons.map(({ rule }) => rule)).toEqual(['push-elsewhere', 'branches/hotfix']);
});

test('people read the call, a line for each finding with what it demands, and the verdict', () => {
  const { stdout } = explain([push]);
  expect(stdout).toMatch(/^call +git-push \{"branch":"hotfix","force":false\}$/m);
  expect(stdout).toMatch(
    /^organization +ask +branches\/hotfix: hotfix branches are for people \(role release-manager, 2 approvers\)$/m,
  );
  expect(stdout).toMatch(/^organization +allow +branches\/watch: .*\(observed only; it would be deny\)$/m);
  expect(stdout).toMatch(/^verdict +ask, by tools\/push-elsewhere, organization\/branches\/hotfix$/m);
});

test('a call may come on standard input, as a line of `policy eval`', () => {
  const line = JSON.stringify({ id: 'x', ...JSON.parse(push), context: { prompt: 'push to hotfix' } });
  const { code, stdout } = explain(['--json'], `${line}\n`);
  expect({ code, tool: (JSON.parse(stdout) as Explanation).tool }).toEqual({ code: 0, tool: 'git-push' });
});

test('a prompt turns grounding on', () => {
  const grounding = (prompt: string) =>
    (JSON.parse(explain([push, '--json', '--prompt', prompt]).stdout) as Explanation).layers.find(
      ({ layer }) => layer === 'grounding',
    );
  expect(grounding('look around')?.findings).toMatchObject([{ verdict: 'ask', rule: 'branch' }]);
  expect(grounding('push to hotfix')?.silentBecause).toMatch(/given by a person/);
});

test('why a call has its effect and its marks is told', () => {
  const { stdout } = explain(['--tool', 'run-command', '--args', '{"command":"kubectl delete ns shop"}']);
  expect(stdout).toMatch(/^effect +production: .*kubectl delete ns shop/m);
  expect(stdout).toMatch(/^mark +destructive: /m);
  expect(stdout).toMatch(/^verdict +deny/m);
});

test('arguments are taken as a model sent them: what is wrong with them is explained, not refused', () => {
  const { code, stdout } = explain(['--tool', 'read-file', '--args', '{"path":"a","path":"b"}', '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    verdict: 'deny',
    effect: null,
    reasons: [{ layer: 'input', rule: 'malformed-arguments' }],
  });
});

test.each([
  ['a call that is no JSON', ['{'], ''],
  ['a call without a tool', ['{"args":{}}'], ''],
  ['nothing at all', [], ''],
  ['a call twice', [push, '--tool', 'git-push'], ''],
])('%s is bad usage', (_what, args, input) => {
  const { code, stdout, stderr } = explain(args, input);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^error: /);
});
