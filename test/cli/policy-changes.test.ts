import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Harness, startHarness } from '../support/run-harness';
import { call, DEPLOY_TOOL } from '../support/scripted-agent';
import type { TestRun } from '../support/test-run';
import { gatehouse, jsonOf } from './gatehouse-command';

let stack: Harness;
let run: TestRun;
let folder: string;

beforeAll(async () => {
  stack = await startHarness();
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-policy-'));
  mkdirSync(join(folder, 'policies'));
  const agent = await stack.agent({ name: 'deployer', tier: 'PROD_GATED', tools: [DEPLOY_TOOL] }, [
    { calls: [call('deploy', { to: 'staging' })] },
    { say: 'done' },
  ]);
  run = await stack.start({ agent });
  await run.approvals();
});

afterAll(async () => {
  await stack.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Commands against the stack, from a folder with policies. */
const policy = (...args: string[]) =>
  gatehouse(['policy', ...args], {
    cwd: folder,
    env: {
      TEMPORAL_ADDRESS: stack.temporalAddress,
      TEMPORAL_NAMESPACE: stack.namespace,
      DATABASE_URL: stack.databaseUrl,
    },
  });

function writePolicy(version: number, prose: string, rule: string) {
  writeFileSync(
    join(folder, 'policies/freeze.md'),
    `---\nname: Freeze\nversion: ${version}\n---\n${prose}\n\n\`\`\`cedar\n${rule}\n\`\`\`\n`,
  );
}

test('a policy is simulated, published with what it changes, and compared version by version', async () => {
  const [approval] = await run.approvals();
  writePolicy(
    1,
    'No deployments.',
    '@id("freeze") @message("deployments are frozen") forbid (principal, action == Action::"deploy", resource);',
  );

  const simulated = await policy('simulate', 'policies');
  expect({ code: simulated.code, stderr: simulated.stderr }).toEqual({ code: 0, stderr: '' });
  expect(simulated.stdout).toMatch(
    new RegExp(`^${run.runId} +deploy +ask +deny +organization/freeze/freeze$`, 'm'),
  );
  expect(simulated.stdout).toMatch(
    new RegExp(`^${approval!.id} +${run.runId} +deploy +deny +deployments are frozen$`, 'm'),
  );
  expect(simulated.stdout).toMatch(
    /^1 recorded call of 1 run: 1 would be decided otherwise, 1 approval that waits would become void$/m,
  );
  expect(jsonOf(await policy('simulate', 'policies', '--since', '2999-01-01', '--json'))).toMatchObject({
    // It waits, so its age does not matter.
    ...{ runs: 1, changed: 1 },
  });
  expect(jsonOf<unknown[]>(await policy('list', '--json'))).toEqual([]);

  const published = jsonOf(await policy('publish', 'policies', '--json'));
  expect(published).toMatchObject({
    isPublished: true,
    simulation: { changed: 1, voided: [{ id: approval!.id }] },
    runsTold: 1,
  });

  expect(await policy('diff', 'Freeze')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('has no version before 1'),
  });
  writePolicy(2, 'No deployments on Fridays.', '// to come');
  const ofFile = await policy('diff', 'policies/freeze.md');
  expect(ofFile).toMatchObject({ code: 0, stderr: '' });
  expect(ofFile.stdout).toMatch(/^--- Freeze, version 1\n\+\+\+ policies\/freeze\.md\n@@ /);
  expect(ofFile.stdout).toContain('\n-No deployments.\n+No deployments on Fridays.\n');
  expect(await policy('publish', 'policies')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('policy `Freeze` is now version 2'),
  });
  const ofVersions = jsonOf(await policy('diff', 'Freeze', '--json'));
  expect(ofVersions).toMatchObject({
    name: 'Freeze',
    from: { version: 1, file: null, content: expect.stringContaining('No deployments.') },
    to: { version: 2, file: null, content: expect.stringContaining('on Fridays') },
    patch: expect.stringContaining('+++ Freeze, version 2'),
  });
  expect(await policy('diff', 'Freeze', '--from', '2', '--to', '2')).toMatchObject({
    ...{ code: 0, stdout: '' },
    stderr: expect.stringContaining('have the same text'),
  });
}, 120_000);

test('what a published policy enforces is shown by the tests that were beside its file', async () => {
  const file = join(folder, 'pushes.md');
  const text = (version: number) =>
    `---\nname: Pushes\nversion: ${version}\n---\n- Agents MUST NOT push to hotfix\n- Be kind\n\n\`\`\`cedar\n@id("hotfix") @enforces("push to hotfix")\nforbid (principal, action == Action::"git-push", resource == Branch::"hotfix");\n\`\`\`\n`;
  writeFileSync(file, text(1));
  await policy('publish', 'pushes.md');
  const before = await policy('coverage', '--published', 'Pushes');
  expect(before).toMatchObject({ code: 1, stderr: expect.stringContaining('published without tests') });
  expect(before.stdout).toContain('the policy has no tests');

  writeFileSync(
    join(folder, 'pushes.test.yaml'),
    '- name: a hotfix is refused\n  agent: { tier: DRAFT }\n  call: { tool: git-push, args: { branch: hotfix } }\n  expect: { verdict: deny, reason: { rule: pushes/hotfix } }\n',
  );
  expect((await policy('publish', 'pushes.md')).stdout).toContain(
    'policy `Pushes` is already version 1; its new tests are kept',
  );
  rmSync(join(folder, 'pushes.test.yaml'));
  writeFileSync(file, text(2));
  await policy('publish', 'pushes.md');
  const { code, stdout } = await policy('coverage', '--published', 'Pushes', '--at', '1');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^enforced +MUST +1 +Agents MUST NOT push to hotfix +pushes\/hotfix$/m);
  expect(stdout).toMatch(/^1 of 2 bullets enforced, 1 advisory, 0 claims not accepted$/m);
  expect(jsonOf(await policy('coverage', '--published', 'Pushes', '--json'))).toMatchObject({
    ...{ isGood: false, name: 'Pushes', version: 2, hasTests: false },
  });
}, 60_000);

test.each([
  [['diff', 'Nothing'], 1, /^error: there is no policy `Nothing`$/m],
  [['diff', 'Freeze', '--from', '7'], 1, /^error: policy `Freeze` has no version 7; it has 2, 1$/m],
  [['coverage', '--published', 'Nothing'], 1, /^error: there is no policy `Nothing`$/m],
  [['coverage', '--published', 'Freeze', '--at', '7'], 1, /has no version 7; it has/],
  [['coverage', 'policies', '--at', '1'], 2, /--at goes together with --published/],
  [['coverage'], 2, /name a folder, or a policy with --published/],
  [['coverage', 'policies', '--published', 'Freeze'], 2, /name a folder, or a policy with --published/],
  [['diff', 'gone.md'], 2, /^error: gone\.md: there is no such file/m],
  [['diff', 'policies/freeze.md', '--to', '1'], 2, /^error: a file is what is compared with/m],
  [['simulate', 'nowhere'], 2, /^error: nowhere: there is no such folder/m],
  [['simulate', 'broken.md'], 2, /^error: broken\.md:6: .*did you mean/m],
  [['simulate', 'policies', '--since', '2026-02-31'], 2, /It must be a day/],
  [['simulate', 'policies', '--since', 'soon'], 2, /It must be a day/],
])('`policy %j` is refused in one sentence', async (args, code, message) => {
  writeFileSync(
    join(folder, 'broken.md'),
    '---\nname: Broken\nversion: 1\n---\n```cedar\nforbid (principal, action == Action::"git-psh", resource);\n```\n',
  );
  const ended = await policy(...args);
  expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code, stdout: '' });
  expect(ended.stderr).toMatch(message);
});
