import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPolicyStore } from '../../src/store/policy-store';
import { type Harness, startHarness } from '../support/run-harness';
import { call } from '../support/scripted-agent';
import { jsonOf } from './gatehouse-command';
import { said } from './in-process';

let stack: Harness;
let home: string;

beforeAll(async () => {
  stack = await startHarness();
  home = mkdtempSync(join(tmpdir(), 'gatehouse-cli-people-'));
});

afterAll(async () => {
  await stack.close();
  rmSync(home, { recursive: true, force: true });
});

/** A command against the stack, by whoever has this key file; it need not be there. */
const by =
  (key: string, ...more: string[]) =>
  (...args: string[]) =>
    said([...args, ...more], {
      TEMPORAL_ADDRESS: stack.temporalAddress,
      TEMPORAL_NAMESPACE: stack.namespace,
      DATABASE_URL: stack.databaseUrl,
      GATEHOUSE_DATA: home,
      XDG_CONFIG_HOME: join(home, key),
    });
const byOlga = by('none', '--by', 'olga');
const bySomebody = by('none');
const byAlice = by('alice');

test('people are added, given keys that they then speak with, and disabled', async () => {
  expect(await byOlga('people', 'apply', 'alice', '--role', 'approver', '--role', 'sre')).toMatchObject({
    ...{ code: 0, stdout: 'alice has the roles approver, sre\n' },
  });
  const refused = await byOlga('people', 'apply', 'al\u200bice');
  expect([refused.code, refused.stderr]).toEqual([
    1,
    expect.stringContaining('the name of a person is made of'),
  ]);

  const { publicKey, thumbprint } = jsonOf<{ publicKey: object; thumbprint: string }>(
    await byAlice('keys', 'make', '--json'),
  );
  writeFileSync(join(home, 'alice.jwk'), JSON.stringify(publicKey));
  expect(await byOlga('keys', 'add', 'alice', join(home, 'alice.jwk'))).toMatchObject({
    ...{ code: 0, stdout: `what the key ${thumbprint} signs counts as said by alice\n` },
  });
  expect((await bySomebody('keys', 'list')).stdout).toContain(thumbprint);
  expect((await bySomebody('people', 'list')).stdout).toMatch(/^alice +approver, sre +1$/m);

  await byAlice('people', 'apply', 'bob', '--role', 'approver');
  const records = jsonOf<{ records: { body: { by: string } }[] }>(
    await bySomebody('audit', 'list', '--kind', 'person-applied', '--json'),
  );
  expect(JSON.stringify(records)).toContain('"by":"alice"');
  expect(await byAlice('people', 'disable', 'bob', '--by', 'olga')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('cannot speak for `olga`'),
  });

  expect(await byOlga('people', 'disable', 'bob')).toMatchObject({
    ...{ code: 0, stdout: 'nothing that bob says counts any more\n' },
  });
  expect((await bySomebody('people', 'list')).stdout).toMatch(/^bob +approver +0 +disabled$/m);
  await byOlga('keys', 'revoke', thumbprint);
  // What her key signs counts for nothing, and she is told so.
  expect((await byAlice('people', 'list')).code).toBe(0);
  expect((await byAlice('settings', 'people')).stderr).toContain('nobody has registered the key');
}, 120_000);

test('how people are asked is shown, and set in part', async () => {
  expect((await bySomebody('settings', 'people')).stdout).toBe(
    'reminders        after 60 min, 480 min\nescalation       never\nsingle operator  yes\n',
  );
  await byOlga('settings', 'people', '--escalate', 'sre', '--escalate-after', '2h');
  await byOlga('settings', 'people', '--remind', '30m', '--single-operator', 'no');
  expect(jsonOf(await bySomebody('settings', 'people', '--json'))).toEqual({
    remindAfterMs: [1_800_000],
    escalation: { role: 'sre', afterMs: 7_200_000 },
    isSingleOperator: false,
  });
  await byOlga('settings', 'people', '--no-escalation', '--single-operator', 'yes');
  expect(jsonOf(await bySomebody('settings', 'people', '--json'))).toMatchObject({
    ...{ escalation: null, isSingleOperator: true },
  });
  expect(await byOlga('settings', 'people', '--escalate', 'sre')).toMatchObject({ code: 2, stdout: '' });
  expect(await byOlga('settings', 'people', '--single-operator', 'maybe')).toMatchObject({ code: 2 });
}, 60_000);

test('what is approved for the rest of runs is listed over all of them, completed, and revoked from there', async () => {
  expect(await bySomebody('approvals', 'standing')).toMatchObject({
    ...{ code: 0, stdout: '', stderr: 'nothing is approved for a whole run\n' },
  });
  const clean = { calls: [call('run-command', { command: 'rm -rf build' })] };
  const agent = await stack.agent({ tier: 'SANDBOX' }, [
    clean,
    { calls: [call('ask-user', { question: 'Go on?' })] },
    clean,
    { say: 'done' },
  ]);
  const runs = await Promise.all([stack.start({ agent }), stack.start({ agent })]);
  const ids: string[] = [];
  for (const run of runs) {
    const [approval] = await run.approvals();
    ids.push(approval!.id);
    expect(await byOlga('approve', approval!.id, '--for-run')).toMatchObject({ code: 0 });
    await run.question();
  }
  const { stdout } = await bySomebody('approvals', 'standing');
  for (const [index, { runId }] of runs.entries())
    expect(stdout).toMatch(
      new RegExp(
        `^${runId} +run-command +.*rm -rf build.* +olga +.*gatehouse approvals revoke ${ids[index]}$`,
        'm',
      ),
    );
  expect((await bySomebody('complete-ids', 'standing')).stdout.trim().split('\n').sort()).toEqual(
    [...ids].sort(),
  );

  expect(await byOlga('approvals', 'revoke', ids[0]!)).toMatchObject({ code: 0 });
  expect(jsonOf<{ approvalId: string }[]>(await bySomebody('approvals', 'standing', '--json'))).toMatchObject(
    [{ approvalId: ids[1], runId: runs[1].runId }],
  );
  for (const run of runs) await run.answerNext('yes');
  // It is asked again in the one run, and runs by itself in the other.
  expect((await runs[0].approvals())[0]).toMatchObject({ tool: 'run-command' });
  expect(await runs[1].outcome()).toMatchObject({ status: 'COMPLETED' });
  await runs[0].denyNext('enough');
  await runs[0].outcome();
}, 120_000);

test('an approval is shown with the change it is about, in which nothing hides', async () => {
  const patch = [
    '--- a/main.tf',
    '+++ b/main.tf',
    '@@ -1 +1 @@',
    '-resource "aws_s3_bucket" "logs" {}',
    '+resource "aws_s3_bucket" "au\u202edit" {}',
    '',
  ].join('\n');
  await createPolicyStore(stack.database).publish(
    'local',
    {
      name: 'Patches',
      version: 1,
      content:
        'Patches.\n\n```cedar\n@id("look") @ask("somebody looks")\nforbid (principal, action == Action::"apply-patch", resource);\n```\n',
    },
    'rita',
  );
  const agent = await stack.agent({ tier: 'DRAFT' }, [
    { calls: [call('apply-patch', { patch })] },
    { say: 'done' },
  ]);
  const run = await stack.start({ agent });
  const [approval] = await run.approvals();
  const { stdout } = await bySomebody('approvals', 'show', approval!.id);
  expect(stdout).toContain('The patch\n| --- a/main.tf\n| +++ b/main.tf\n');
  expect(stdout).toContain('\n| +resource "aws_s3_bucket" "au\\u{202e}dit" {}');
  expect(jsonOf(await bySomebody('approvals', 'show', approval!.id, '--json'))).toMatchObject({
    ...{ id: approval!.id, actedOn: { kind: 'patch', patch } },
  });
  await run.denyNext('no');
  await run.outcome();
}, 60_000);
