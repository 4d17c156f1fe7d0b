import { CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createDiscard } from '../../activities/discard';
import { createExecuteTool } from '../../activities/execute-tool';
import { createPrepare } from '../../activities/prepare';
import { canonicalJson } from '../../src/domain/canonical-json';
import type { ExecuteInput, ExecuteResult } from '../../src/domain/steps';
import { type Host, openHost } from './support/host';

let host: Host;
beforeAll(() => {
  host = openHost();
});
afterAll(() => host.close());

const activities = () => ({
  ...createExecuteTool({ executor: host.executor }),
  ...createPrepare({ workspaces: host.workspaces, host: { name: 'here', thumbprint: host.key.thumbprint } }),
  ...createDiscard({ workspaces: host.workspaces }),
});

test('prepare, execute and discard, as the worker runs them', async () => {
  const environment = quiet();
  const { prepare, executeTool, discard } = activities();
  const workspace = await environment.run(prepare, { runId: 'run-1', repo: host.source });
  expect(workspace).toMatchObject({ host: 'here', keyThumbprint: host.key.thumbprint });
  const result: ExecuteResult = await quiet().run(executeTool, await script('echo hello'));
  expect(result.outcomes).toMatchObject([{ kind: 'done', text: 'hello\n' }]);
  await quiet().run(discard, 'run-1');
  await expect(host.workspaces.path('run-1')).rejects.toMatchObject({ code: 'workspace-missing' });
});

test('a long call heartbeats, and a stop ends it at once as stopped', async () => {
  await host.prepare();
  const environment = quiet();
  let heartbeats = 0;
  environment.on('heartbeat', () => {
    if (++heartbeats === 2) environment.cancel('CANCELLED');
  });
  const started = Date.now();
  await expect(environment.run(activities().executeTool, await script('sleep 30'))).rejects.toThrow(
    CancelledFailure,
  );
  expect(Date.now() - started).toBeLessThan(10_000);
});

test('refusals are final, with their code as type and public words', async () => {
  const { executeTool, prepare } = activities();
  const input = { ...(await script('true')), grant: 'nonsense' };
  await expect(quiet().run(executeTool, input)).rejects.toMatchObject({
    name: 'ApplicationFailure',
    type: 'grant-invalid',
    nonRetryable: true,
    message: 'the grant cannot be read',
  });
  const missing = { runId: 'none', repo: '/no/such/repository' };
  await expect(quiet().run(prepare, missing)).rejects.toMatchObject({
    type: 'repository-missing',
    nonRetryable: true,
  });
});

/** Refusals are what these tests are about; they need not be logged. */
function quiet(): MockActivityEnvironment {
  return new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') });
}

let counter = 0;
async function script(text: string): Promise<ExecuteInput> {
  const call = {
    id: `a${++counter}`,
    tool: 'script',
    args: canonicalJson({ script: text, timeoutMs: 60_000 }),
  };
  return { runId: 'run-1', grant: await host.grant([{ ...call, effect: 'draft' }]), calls: [call] };
}
