import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TranscriptEntry } from '../../src/domain/transcript';
import { type Harness, startHarness } from '../support/run-harness';
import { type SandboxHost, sandboxHost } from '../support/sandbox-process';
import { call } from '../support/scripted-agent';
import { scheduled, type TestRun } from '../support/test-run';
import { waitUntil } from '../support/wait-until';

jest.setTimeout(180_000);

let gatehouse: Harness;
const hosts: SandboxHost[] = [];
beforeAll(async () => {
  gatehouse = await startHarness();
  await gatehouse.stop('sandbox');
});
afterEach(async () => {
  for (const host of hosts) await host.kill();
});
afterAll(() => gatehouse.close());

/** Two hosts that control and runner know, the first of them running. */
async function twoHosts(): Promise<[SandboxHost, SandboxHost]> {
  const count = hosts.length;
  const two = [sandboxHost(gatehouse, `one${count}`), sandboxHost(gatehouse, `two${count}`)] as const;
  hosts.push(...two);
  await gatehouse.restart('control', {
    GATEHOUSE_SANDBOX_PUBLIC_KEYS: two.map(({ publicKey }) => publicKey).join(','),
  });
  await gatehouse.restart('runner', {
    GATEHOUSE_CHANNELS: two.map(({ name, socket }) => `${name}=${socket}`).join(','),
  });
  await two[0].start();
  return [...two];
}

const goOn = { calls: [call('ask-user', { question: 'Go on?' })] };
const telling = (path: string) => [
  { calls: [call('read-file', { path })] },
  { capture: { text: { from: 1, pattern: '([^]*)' } }, say: '{{text}}' },
];

async function notices(run: TestRun): Promise<string[]> {
  const entries: TranscriptEntry[] = await run.transcript();
  return entries.flatMap((entry) => (entry.role === 'notice' ? entry.text : []));
}

async function moved(run: TestRun, from: SandboxHost, to: SandboxHost): Promise<void> {
  await to.start();
  await from.kill();
  await run.answerNext('yes');
}

test('a run whose sandbox host is killed after a writing call goes on on another, with the file there', async () => {
  const [one, two] = await twoHosts();
  const agent = await gatehouse.agent({}, [
    { calls: [call('write-file', { path: 'notes.md', content: 'written on the first host\n' })] },
    goOn,
    ...telling('notes.md'),
  ]);
  const run = await gatehouse.start({ agent });
  await run.question();
  expect(existsSync(join(one.workspaces, run.runId, 'repo', 'notes.md'))).toBe(true);
  await moved(run, one, two);
  expect(await run.outcome()).toEqual({
    status: 'COMPLETED',
    text: expect.stringContaining('written on the first host'),
  });
  expect(await notices(run)).toEqual([
    expect.stringMatching(
      new RegExp(
        `\`${one.name}\` lost your workspace.*\`${two.name}\`.*no call that changed it came after that checkpoint$`,
      ),
    ),
  ]);
});

test('what came after the latest checkpoint and what git ignores is named to the model', async () => {
  const [one, two] = await twoHosts();
  const filling = 'for i in 1 2 3 4 5 6; do head -c 9000000 /dev/urandom > "part$i.bin"; done';
  const agent = await gatehouse.agent({ tier: 'SANDBOX' }, [
    {
      calls: [
        call('write-file', { path: '.gitignore', content: 'cache/\n' }),
        call('run-command', { command: 'mkdir cache; touch cache/made' }),
        call('write-file', { path: 'notes.md', content: 'kept\n' }),
      ],
    },
    { calls: [call('run-command', { command: filling })] },
    goOn,
    ...telling('notes.md'),
  ]);
  const run = await gatehouse.start({ agent });
  await run.question();
  await moved(run, one, two);
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: expect.stringContaining('kept') });
  const [notice] = await notices(run);
  expect(notice).toContain('gone is what these calls changed after it: `run-command`');
  expect(notice).toContain('gone is what git ignores: `cache/`');
});

test('a call that ran on a host when it was killed is unknown, and does not run again elsewhere', async () => {
  const [one, two] = await twoHosts();
  const agent = await gatehouse.agent({ tier: 'SANDBOX' }, [
    { calls: [call('write-file', { path: 'before.txt', content: 'before\n' })] },
    { calls: [call('run-command', { command: 'echo once >> effects.txt; sleep 60' })] },
    {
      capture: { outcome: { from: 1, pattern: '([^]*)' } },
      calls: [call('run-command', { command: 'ls' })],
    },
    { capture: { files: { from: 1, pattern: '([^]*)' } }, say: '{{files}}|{{outcome}}' },
  ]);
  const run = await gatehouse.start({ agent });
  await waitUntil(
    async () => existsSync(join(one.workspaces, run.runId, 'repo', 'effects.txt')),
    'the command runs',
    60_000,
  );
  await two.start();
  await one.kill();
  const { text } = await run.outcome();
  expect(text).toMatch(/before\.txt[^|]*\|it started and nobody knows whether it finished/);
  expect(text.split('|')[0]).not.toContain('effects.txt');
  expect(await notices(run)).toEqual([expect.stringContaining(`made again on \`${two.name}\``)]);
  // Twice on the host that was lost, and not once on the other.
  const queues = scheduled(await run.history(), 'executeTool').map(({ taskQueue }) => taskQueue?.name);
  expect(queues).toEqual(Array(3).fill(`gatehouse-sandbox.${one.name}`));
});

test('a push that was done when its host was killed is found done by its probe on another, and is not repeated', async () => {
  const [one, two] = await twoHosts();
  const agent = await gatehouse.agent({}, [
    { calls: [call('write-file', { path: 'notes.md', content: 'pushed\n' })] },
    { calls: [call('git-commit', { message: 'notes' })] },
    goOn,
    { calls: [call('git-push', {})] },
    { capture: { text: { from: 1, pattern: '([^]*)' } }, say: '{{text}}' },
  ]);
  const run = await gatehouse.start({ agent });
  await run.question();
  await two.start();
  // What came of it is told nobody.
  const killed = one.killOnce(branchOnForge(run.runId));
  await run.answerNext('yes');
  await killed;
  expect(await run.outcome()).toEqual({
    status: 'COMPLETED',
    text: expect.stringMatching(/^pushed [0-9a-f]+ to `gatehouse\//),
  });
  expect(await notices(run)).toEqual([expect.stringContaining(`made again on \`${two.name}\``)]);
  const history = await run.history();
  const queueOf = ({ taskQueue }: { taskQueue?: { name?: string | null } | null }) => taskQueue?.name;
  expect(scheduled(history, 'probeTool').map(queueOf)).toEqual([`gatehouse-sandbox.${two.name}`]);
  expect(scheduled(history, 'executeTool').map(queueOf)).not.toContain(`gatehouse-sandbox.${two.name}`);
});

/** Where the run's branch will be, in the forge's one repository. */
function branchOnForge(runId: string): string {
  const forge = join(gatehouse.folder, 'forge');
  const [key = ''] = readdirSync(forge);
  return join(forge, key, 'repo.git/refs/heads/gatehouse', runId);
}
