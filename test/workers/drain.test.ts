import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Harness, startHarness } from '../support/run-harness';
import { sandboxHost } from '../support/sandbox-process';
import { call } from '../support/scripted-agent';
import { waitUntil } from '../support/wait-until';

jest.setTimeout(180_000);

let gatehouse: Harness;
beforeAll(async () => {
  gatehouse = await startHarness();
  await gatehouse.stop('sandbox');
});
afterAll(() => gatehouse.close());

test('a sandbox host that is stopped lets a command end that takes no longer than it may drain', async () => {
  const host = sandboxHost(gatehouse, 'draining', { GATEHOUSE_DRAIN_MS: '60000' });
  await gatehouse.restart('control', { GATEHOUSE_SANDBOX_PUBLIC_KEYS: host.publicKey });
  await host.start();
  const agent = await gatehouse.agent({ tier: 'SANDBOX' }, [
    { calls: [call('run-command', { command: 'touch started; sleep 12; echo ended' })] },
    { capture: { outcome: { from: 1, pattern: '(.*)' } }, say: '{{outcome}}' },
  ]);
  const run = await gatehouse.start({ agent });
  const started = join(host.workspaces, run.runId, 'repo', 'started');
  await waitUntil(() => existsSync(started), 'the command runs', 60_000);
  await host.drain();
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: expect.stringContaining('ended') });
  expect((await run.outcomes())[0]).toMatchObject({ kind: 'done', exitCode: 0 });
});
