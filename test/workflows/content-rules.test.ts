/** Rules about content hold for what a run publishes, whoever wrote it. */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { exampleRepository } from '../../src/cli/demo-repository';
import { sha256 } from '../../src/domain/hashing';
import { readPolicyFolder } from '../../src/policy/policy-folder';
import { createPolicyStore } from '../../src/store/policy-store';
import { type Harness, startHarness } from '../support/run-harness';
import { call, type ScriptedTurn } from '../support/scripted-agent';

const EXAMPLES = join(__dirname, '../../examples');

let gatehouse: Harness;
beforeAll(async () => {
  gatehouse = await startHarness();
  const policies = createPolicyStore(gatehouse.database);
  for (const policy of readPolicyFolder(join(EXAMPLES, 'policies')))
    await policies.publish('local', policy, 'test');
});
afterAll(() => gatehouse.close());

const volume = (encrypted: boolean) =>
  `resource "aws_ebs_volume" "data" {
  encrypted = ${encrypted}
  tags = {
    Name        = "prod-api-ebs"
    Environment = "prod"
    Service     = "api"
    Owner       = "shop-team"
    CostCenter  = "4200"
    ManagedBy   = "terraform"
  }
}
`;
const write = (path: string, content: string) => call('write-file', { path, content });
const byCommand = (path: string, content: string) =>
  call('run-command', { command: `cat > ${path} <<'END'\n${content}END\n` });
const publish = [call('git-commit', { message: 'change it' }), call('git-push')];

async function runOf(turns: ScriptedTurn[], tier = 'DRAFT') {
  const agent = await gatehouse.agent({ tier }, turns);
  return gatehouse.start({ agent });
}

test('a file that a command wrote is caught at the push, and mended it passes', async () => {
  const run = await runOf(
    [
      { calls: [byCommand('disk.tf', volume(false))] },
      { expect: { tool: 'run-command', kind: 'done' }, calls: publish },
      {
        expect: [
          { tool: 'git-commit', kind: 'done' },
          { tool: 'git-push', kind: 'refused', contains: 'aws_ebs_volume.data' },
        ],
        calls: [byCommand('disk.tf', volume(true)), ...publish],
      },
      { expect: { tool: 'git-push', kind: 'done' }, say: 'done' },
    ],
    'SANDBOX',
  );
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'done' });
});

test('what is committed is judged, not what lies in the workspace by then', async () => {
  const run = await runOf(
    [
      { calls: [byCommand('disk.tf', volume(false)), call('git-commit', { message: 'bad' })] },
      { calls: [byCommand('disk.tf', volume(true))] },
      { calls: [call('git-push')] },
      { expect: { tool: 'git-push', kind: 'refused', contains: 'ebs-encrypted' }, say: 'done' },
    ],
    'SANDBOX',
  );
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'done' });
});

test('a written file is refused before it lies there, and the reason names rule, resource and line', async () => {
  const run = await runOf([
    { calls: [write('disk.tf', `# data\n${volume(false)}`)] },
    {
      expect: { kind: 'refused', contains: '`aws_ebs_volume.data` in `disk.tf`, line 2' },
      calls: [call('list-files')],
    },
    { capture: { files: { from: 'list-files', pattern: '([\\s\\S]*)' } }, say: '{{files}}' },
  ]);
  expect((await run.outcome()).text).not.toContain('disk.tf');
});

test('what the repository held before is not blamed on the run, and what it touches is', async () => {
  const bucket = 'resource "aws_s3_bucket" "logs" {}\n';
  const run = await runOf([
    { calls: [write('main.tf', `${bucket}\n${volume(true)}`), ...publish] },
    {
      expect: { tool: 'git-push', kind: 'done' },
      calls: [write('main.tf', 'resource "aws_s3_bucket" "logs" {\n  force_destroy = true\n}\n')],
    },
    { expect: { kind: 'refused', contains: 's3-encrypted' }, say: 'done' },
  ]);
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'done' });
});

test('Terraform that cannot be parsed cannot be judged, and is refused', async () => {
  const run = await runOf([
    { calls: [write('disk.tf', 'resource "aws_ebs_volume" {{{')] },
    { expect: { kind: 'refused', contains: '`disk.tf` cannot be parsed, line 1' }, say: 'done' },
  ]);
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'done' });
});

test('content that is not to be had is refused by the rules about content alone', async () => {
  // Unlike any other, so that nobody has read it before.
  const content = `# ${Date.now()}\n${volume(true)}`;
  const run = await runOf([
    { calls: [write('disk.tf', content), call('git-commit', { message: 'add it' })] },
    { calls: [call('ask-user', { question: 'Go on?' })] },
    { calls: [call('git-push'), call('git-log')] },
    {
      expect: [
        { tool: 'git-push', kind: 'refused', contains: 'is not in the store' },
        { tool: 'git-log', kind: 'done' },
      ],
      say: 'done',
    },
  ]);
  await run.question();
  const hash = sha256(content);
  rmSync(join(gatehouse.folder, 'artifacts', hash.slice(0, 2), hash));
  await run.answerNext('yes');
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'done' });
});

test('a pull request that concerns production waits for a senior engineer, another does not', async () => {
  const turns = (content: string) => [
    { calls: [write('disk.tf', content), call('validate'), ...publish] },
    { calls: [call('create-pr', { title: 'A change' })] },
    { expect: { tool: 'create-pr', kind: 'done' }, say: 'done' },
  ];
  const open = await runOf(turns(volume(true).replace(/prod/g, 'dev')));
  expect(await open.outcome()).toEqual({ status: 'COMPLETED', text: 'done' });
  const held = await runOf(turns(volume(true)));
  const [approval] = await held.approvals();
  expect(approval?.findings).toMatchObject([
    { rule: 'no-production-direct-changes/senior-engineer', role: 'senior-engineer' },
  ]);
  await held.approveNext();
  expect(await held.outcome()).toEqual({ status: 'COMPLETED', text: 'done' });
});

test.each([
  'Encrypt the orders database',
  'Encrypt and tag the invoices bucket',
  'Tag the worker instance',
])('the demo is refused its first fix and mends it: %s', async (answer) => {
  const script = readFileSync(join(EXAMPLES, 'models/fix-a-finding.yaml'), 'utf8');
  const { turns } = parse(script) as { turns: ScriptedTurn[] };
  const agent = await gatehouse.agent({ requiresApproval: { prCreation: true } }, turns);
  const repo = await exampleRepository(gatehouse.folder);
  const run = await gatehouse.start({ agent, repo });
  await run.question();
  await run.answerNext(answer);
  await run.approveNext();
  expect(await run.outcome()).toMatchObject({
    status: 'COMPLETED',
    text: expect.stringContaining('pull request is open'),
  });
  const patches = (await run.events()).filter(
    ({ type, data }) => type === 'call' && (data as { tool: string }).tool === 'apply-patch',
  );
  expect(patches.map(({ data }) => (data as { outcome: string }).outcome)).toEqual(['refused', 'done']);
});
