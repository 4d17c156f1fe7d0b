import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Gatehouse, type GatehouseAddresses, startGatehouse } from '../../src/embedded/gatehouse';
import { processIdentity } from '../../src/embedded/process-identity';
import { runFixture } from '../embedded/run-fixture';
import { initRepository } from '../support/git-repository';
import { call } from '../support/scripted-agent';
import { waitUntil } from '../support/wait-until';
import { processesOf, reach } from './reach';

jest.setTimeout(180_000);

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-recovery-'));
const dataDir = join(folder, 'data');
const repo = join(folder, 'repository');
beforeAll(() => initRepository(repo, { 'main.tf': 'resource "aws_s3_bucket" "logs" {}\n' }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const start = (): Promise<Gatehouse> =>
  startGatehouse({
    dataDir,
    environment: process.env,
    modelKeys: {},
    progress: () => undefined,
    warn: () => undefined,
    log: 'error',
  });

test('everything killed mid-run, and PostgreSQL killed once more: the run goes on each time and repeats nothing', async () => {
  const { line: addresses, kill } = await runFixture<GatehouseAddresses>(
    '../../recovery/fixtures/hold-gatehouse.ts',
    [dataDir],
  );
  const before = await reach(addresses, { dataDir, repo });
  const agent = await before.agent({ tier: 'SANDBOX' }, [
    { calls: [call('run-command', { command: 'echo once >> effects.txt; sleep 600' })] },
    {
      expect: { kind: 'unknown', contains: 'nobody knows whether it finished' },
      calls: [call('ask-user', { question: 'Go on?' })],
    },
    { expect: { contains: 'yes' }, calls: [call('read-file', { path: 'effects.txt' })] },
    { capture: { effects: { from: 1, pattern: '([^]*)' } }, say: 'effects: {{effects}}' },
  ]);
  const { runId, pendingActivity } = await before.start(agent);
  await pendingActivity('executeTool');
  await waitUntil(
    async () =>
      (await before.find(runId).handle.describe()).raw.pendingActivities?.[0]?.lastHeartbeatTime != null,
    'the tool runs',
  );
  await before.close();

  const pids = [...(await processesOf(dataDir)).values()];
  expect(pids.length).toBeGreaterThanOrEqual(5);
  await kill();
  for (const pid of pids) killHard(pid);
  for (const pid of pids)
    await waitUntil(async () => (await processIdentity(pid)) === null, `${pid} is gone`);

  const second = await start();
  const between = await reach(second.addresses, { dataDir, repo });
  await between.find(runId).question();
  await between.close();
  killHard((await processesOf(dataDir)).get('postgres')!);
  expect(await second.failed).toMatchObject({ code: 'server-ended' });
  await second.stop();

  const third = await start();
  const after = await reach(third.addresses, { dataDir, repo });
  try {
    const run = after.find(runId);
    await run.answerNext('yes');
    expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'effects: once\n' });
  } finally {
    await after.close();
    await third.stop();
  }
});

function killHard(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It went with its parent.
  }
}
