import { type Harness, startHarness } from '../support/run-harness';
import { call, DEPLOY_TOOL } from '../support/scripted-agent';
import { decisionOn, type TestRun } from '../support/test-run';

let gatehouse: Harness;
beforeAll(async () => {
  gatehouse = await startHarness();
});
afterAll(() => gatehouse.close());

const production = { tier: 'PROD_GATED', tools: [DEPLOY_TOOL] };
const deploy = { calls: [call('deploy', { to: 'production' })] };

async function startDeploying(): Promise<TestRun> {
  return gatehouse.start({ agent: await gatehouse.agent(production, [deploy, { say: 'done' }]) });
}

/** As a client with another idea of payloads sends it, or somebody who wants to do harm. */
async function sendSignal(run: TestRun, signalName: string, encoding: string, data: string): Promise<void> {
  await gatehouse.client.workflowService.signalWorkflowExecution({
    namespace: gatehouse.namespace,
    workflowExecution: { workflowId: run.handle.workflowId },
    signalName,
    input: { payloads: [{ metadata: { encoding: Buffer.from(encoding) }, data: Buffer.from(data) }] },
  });
}

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

test('signals that cannot be read are refused and counted, and the run goes on', async () => {
  const run = await startDeploying();
  const [approval] = await run.approvals();
  const signals = ['decide', 'answer', 'pause', 'resume', 'topUp'];
  for (const signal of signals) {
    await sendSignal(run, signal, 'binary/of-somebody', 'x');
    await sendSignal(run, signal, 'json/plain', '{"approvalId"');
    await sendSignal(run, signal, 'json/plain', nested(100_000));
  }
  // It would be counted, were it not for what nobody can write as JSON again.
  const decision = JSON.stringify(decisionOn(approval!, 'approve', { by: 'alice' }));
  await sendSignal(run, 'decide', 'json/plain', decision.replace(/}$/, `,"args":${nested(100_000)}}`));
  await run.signalsSeen(signals.length * 3 + 1);
  expect((await run.pending()).approvals).toHaveLength(1);
  await run.approveNext();
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'done' });
  expect((await run.usage()).invalidSignals).toBe(signals.length * 3 + 1);
  expect((await run.history()).map(({ type }) => type)).not.toContain('workflowTaskFailed');
});

test('a run whose input cannot be read fails, and says so', async () => {
  const handle = await gatehouse.client.workflow.start('agentRun', {
    workflowId: 'run-unreadable',
    taskQueue: 'gatehouse-control',
    args: [JSON.parse(nested(1_000))],
  });
  await expect(handle.result()).rejects.toMatchObject({
    cause: { message: expect.stringMatching(/^the input of a run needs `runId`/) },
  });
});

test.each([
  ['holds a NUL', 'no\0t today', 'no\ufffdt today'],
  ['holds half a character', 'no\ud800t today', 'no\ufffdt today'],
  ['is cut within a character', `${'x'.repeat(19_999)}😀`, `${'x'.repeat(19_999)}\ufffd`],
])('a denial whose reason %s counts, and the run goes on', async (_, reason, kept) => {
  const run = await startDeploying();
  const [approval] = await run.approvals();
  expect(await run.decide(decisionOn(approval!, 'deny', { by: 'alice', reason }))).toMatchObject({
    accepted: true,
  });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'done' });
  expect((await run.outcomes())[0]).toMatchObject({ text: `denied by alice: ${kept}` });
});
