import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createDispatch } from '../../activities/dispatch';
import { createFinish } from '../../activities/finish';
import type { FinishInput } from '../../src/domain/steps';
import { parseAgent } from '../../src/policy/agent-file';

test('what no activity could return fails the run at once, and says what is too large', async () => {
  const agent = parseAgent('name: demo\ntier: OBSERVE\n', { file: 'demo.yaml', readTools: () => [] });
  const unused = {} as never;
  const { dispatch } = createDispatch({
    agents: { get: async () => agent } as never,
    policies: { listActive: async () => [], modeOf: async () => 'enforce' } as never,
    snapshots: unused,
    runs: unused,
    halts: { read: async () => null },
    organizations: unused,
    artifacts: unused,
    access: unused,
    waitForPeopleMs: 1,
    channel: false,
    isEncrypted: false,
  });
  const input = {
    runId: 'r',
    organizationId: 'o',
    agent: 'demo',
    requestedBy: 'me',
    prompt: 'x'.repeat(1_300_000),
  };
  const environment = inWorkflow('run-r');
  await expect(environment.run(dispatch, input)).rejects.toMatchObject({
    type: 'prompt-too-large',
    nonRetryable: true,
    message: 'prompt, system prompt and policies together are over 1200000 bytes',
  });
});

test('a workflow that names another run does not end it', async () => {
  const ended: string[] = [];
  const { finish } = createFinish({
    runs: { finish: async ({ runId }) => void ended.push(runId) },
    anchors: { anchorRun: async () => undefined },
  });
  const input = { runId: 'r', organizationId: 'o', outcome: { status: 'FAILED', text: '' } } as FinishInput;
  const as = (workflowId: string) => inWorkflow(workflowId).run(finish, input);
  await expect(as('run-other')).rejects.toMatchObject({ type: 'run-unknown', nonRetryable: true });
  await as('run-r');
  expect(ended).toEqual(['r']);
});

function inWorkflow(workflowId: string): MockActivityEnvironment {
  const workflowExecution = { workflowId, runId: 'execution' };
  return new MockActivityEnvironment({ workflowExecution }, { logger: new DefaultLogger('ERROR') });
}
