import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { createProcessGroup, type ProcessDescription, type ProcessExit } from '../../src/embedded/process';
import { processIdentity } from '../../src/embedded/process-identity';
import { waitUntil } from '../support/wait-until';
import { runFixture } from './run-fixture';
import { temporaryFolder } from './temporary-folder';

const root = temporaryFolder();
const isGone = async (pid: number) => (await processIdentity(pid)) === null;

async function newGroup() {
  const folder = await mkdtemp(join(root, 'group-'));
  return { folder, group: createProcessGroup({ folder }) };
}

function shell(script: string, more: Partial<ProcessDescription> = {}): ProcessDescription {
  return {
    name: 'child',
    command: '/bin/sh',
    args: ['-c', script],
    environment: { PATH: '/usr/bin:/bin' },
    readiness: { kind: 'line', line: 'ready' },
    ...more,
  };
}

test('a child gets the environment it was given and nothing of ours', async () => {
  const { group } = await newGroup();
  process.env.GATEHOUSE_TEST_SECRET = 'ours';
  const child = await group.start(shell('env; echo ready; exec sleep 60', { environment: { GIVEN: 'yes' } }));
  const log = readFileSync(child.logFile, 'utf8');
  await group.stop();
  delete process.env.GATEHOUSE_TEST_SECRET;
  expect(log).toContain('GIVEN=yes');
  expect(log).not.toContain('GATEHOUSE_TEST_SECRET');
});

test('a file where logs belong is named, with what to do', async () => {
  const folder = await mkdtemp(join(root, 'group-'));
  writeFileSync(join(folder, 'logs'), '');
  expect(() => createProcessGroup({ folder })).toThrow(
    `the data folder \`${join(folder, 'logs')}\` cannot be written (a file is in its place): free or repair it`,
  );
});

test('a child that ends before it is ready is reported with what it said last', async () => {
  const { group } = await newGroup();
  const started = group.start(shell('echo the disk is full >&2; exit 3'));
  await expect(started).rejects.toMatchObject({
    code: 'process-not-ready',
    message: expect.stringMatching(
      /`child` ended with exit code 3, see `.*child\.log`; it said: the disk is full$/,
    ),
  });
});

test('a child that is never ready is ended', async () => {
  const { folder, group } = await newGroup();
  const started = group.start(
    shell('echo $$; exec sleep 60', {
      readyWithinMs: 300,
      readiness: { kind: 'probe', probe: async () => false },
    }),
  );
  await expect(started).rejects.toMatchObject({ code: 'process-not-ready' });
  const pid = Number(readFileSync(join(folder, 'logs', 'child.log'), 'utf8'));
  expect(pid).toBeGreaterThan(0);
  expect(await isGone(pid)).toBe(true);
});

test('children stop in the reverse of the order they started in', async () => {
  const { folder, group } = await newGroup();
  const order = join(folder, 'order');
  writeFileSync(order, '');
  for (const name of ['first', 'second', 'third']) {
    const script = `trap 'echo ${name} >> ${order}; exit' INT; echo ready; while :; do sleep 0.05; done`;
    await group.start(shell(script, { name }));
  }
  await group.stop();
  expect(readFileSync(order, 'utf8').trim().split('\n')).toEqual(['third', 'second', 'first']);
});

test('a stop kills a child that does not listen, and what it started', async () => {
  const { group } = await newGroup();
  const child = await group.start(
    shell('trap "" INT; sleep 60 & echo grandchild $! ready; wait; sleep 60', { stopWithinMs: 300 }),
  );
  const grandchild = Number(/grandchild (\d+)/.exec(readFileSync(child.logFile, 'utf8'))?.[1]);
  await child.stop();
  expect(await child.exited).toMatchObject({ signal: 'SIGKILL' });
  await waitUntil(() => isGone(grandchild), 'the grandchild is gone');
});

test('a child that ends unasked is told to listeners; one that was stopped is not', async () => {
  const { group } = await newGroup();
  const exits: ProcessExit[] = [];
  group.onUnexpectedExit((exit) => exits.push(exit));
  const stopped = await group.start(shell('echo ready; exec sleep 60', { name: 'stopped' }));
  const crash = `trap 'echo out of memory; exit 9' TERM; echo ready; while :; do sleep 0.05; done`;
  const crashing = await group.start(shell(crash, { name: 'crashing' }));
  await stopped.stop();
  process.kill(crashing.pid, 'SIGTERM');
  await waitUntil(() => exits.length > 0, 'the listener hears of it');
  expect(exits).toMatchObject([{ name: 'crashing', exitCode: 9, lastLines: ['ready', 'out of memory'] }]);
});

test('killing the parent outright ends its children, also one that ignores the signal and its own children', async () => {
  const folder = await mkdtemp(join(root, 'killed-'));
  const { line: pids, kill } = await runFixture<number[]>('hold-processes.ts', [
    folder,
    'echo ready; exec sleep 600',
    'trap "" INT TERM HUP; sleep 600 & echo grandchild $! ready; while :; do sleep 1; done',
  ]);
  const grandchild = Number(
    /grandchild (\d+)/.exec(readFileSync(join(folder, 'logs', 'child-1.log'), 'utf8'))?.[1],
  );
  expect(await Promise.all([...pids, grandchild].map(isGone))).toEqual([false, false, false]);
  await kill();
  for (const pid of [...pids, grandchild]) await waitUntil(() => isGone(pid), `${pid} is gone`);
});

test('what a killed parent left is ended before a successor starts, without waiting for its reaper', async () => {
  const folder = await mkdtemp(join(root, 'successor-'));
  const { line: pids, kill } = await runFixture<number[]>('hold-processes.ts', [
    folder,
    'echo ready; exec sleep 600',
  ]);
  await kill();
  const group = createProcessGroup({ folder });
  await group.endLeftovers();
  expect(await Promise.all(pids.map(isGone))).toEqual([true]);
});

test('a process that only got the number of a dead one is left alone', async () => {
  const { folder, group } = await newGroup();
  writeFileSync(
    join(folder, 'run', 'postgres.json'),
    JSON.stringify({ pid: process.ppid, identity: 'an earlier life' }),
  );
  await group.endLeftovers();
  expect(await isGone(process.ppid)).toBe(false);
});
