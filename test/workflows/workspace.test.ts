import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Harness, startHarness } from '../support/run-harness';
import { call, DEPLOY_TOOL } from '../support/scripted-agent';

let gatehouse: Harness;
beforeAll(async () => {
  gatehouse = await startHarness();
});
afterAll(() => gatehouse.close());

const reading = { calls: [call('read-file', { path: 'main.tf' })] };

test('a workspace is there while its run waits for people, and is removed when the run ends', async () => {
  const deploy = { calls: [call('deploy', { to: 'production' })] };
  const agent = await gatehouse.agent({ tier: 'PROD_GATED', tools: [DEPLOY_TOOL] }, [
    reading,
    deploy,
    { say: 'done' },
  ]);
  const run = await gatehouse.start({ agent });
  const workspace = join(gatehouse.folder, 'workspaces', run.runId);
  await run.approvals();
  expect(existsSync(workspace)).toBe(true);
  await run.denyNext('not today');
  expect(await run.outcome()).toMatchObject({ status: 'COMPLETED' });
  expect(existsSync(workspace)).toBe(false);
});

test('a run ends without its workspace being removed where the host is gone', async () => {
  const agent = await gatehouse.agent({}, [
    reading,
    { calls: [call('ask-user', { question: 'Go on?' })] },
    { say: 'done' },
  ]);
  const run = await gatehouse.start({ agent });
  await run.question();
  await gatehouse.stop('sandbox');
  await run.answerNext('yes');
  expect(await run.outcome()).toMatchObject({ status: 'COMPLETED', text: 'done' });
});
