import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { type Harness, startHarness } from '../support/run-harness';
import { call, DEPLOY_TOOL } from '../support/scripted-agent';
import { temporalCliPath } from '../support/stack';
import { waitUntil } from '../support/wait-until';

// What stands here as a literal is what CONTRACTS promises to people outside.

let gatehouse: Harness;
let temporal: (...args: string[]) => Promise<string>;
beforeAll(async () => {
  gatehouse = await startHarness();
  await gatehouse.agent({ name: 'deployer', tier: 'PROD_GATED', tools: [DEPLOY_TOOL] }, [
    { calls: [call('ask-user', { question: 'Where to?', options: ['staging', 'production'] })] },
    {
      capture: { to: { from: 'ask-user', pattern: '(.*)' } },
      calls: [call('deploy', { to: '{{to}}' })],
    },
    { capture: { outcome: { from: 'deploy', pattern: '([^]*)' } }, say: '{{outcome}}' },
  ]);
  const cli = await temporalCliPath();
  temporal = async (...args) => {
    const where = ['--address', gatehouse.temporalAddress, '--namespace', gatehouse.namespace];
    return (await promisify(execFile)(cli, [...args, ...where])).stdout;
  };
});
afterAll(() => gatehouse.close());

const waiting = async (workflowId: string, kind: 'approvals' | 'questions') => {
  let found: Record<string, unknown> | undefined;
  await waitUntil(async () => {
    const answer = await temporal(
      'workflow',
      'query',
      '--workflow-id',
      workflowId,
      '--type',
      'pending',
      '-o',
      'json',
    );
    const { queryResult } = JSON.parse(answer);
    // The program prints an empty list as null.
    found = queryResult[0][kind]?.[0];
    return found !== undefined;
  }, `${kind} wait`);
  return found!;
};

test('with the Temporal program alone a run is answered and approved, by signal', async () => {
  const run = await gatehouse.start({ agent: 'deployer' });
  const workflowId = `run-${run.runId}`;
  const signal = (name: string, input: unknown) =>
    temporal(
      'workflow',
      'signal',
      '--workflow-id',
      workflowId,
      '--name',
      name,
      '--input',
      JSON.stringify(input),
    );
  const question = await waiting(workflowId, 'questions');
  await signal('answer', { questionId: question.id, answer: 'staging', by: 'olga' });
  const approval = await waiting(workflowId, 'approvals');
  expect(approval).toMatchObject({ tool: 'deploy', args: '{"to":"staging"}', effect: 'production' });
  await signal('decide', {
    approvalId: approval.id,
    decision: 'approve',
    actionHash: approval.actionHash,
    by: 'olga',
  });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: '{"to":"staging"}' });
});

test('by update the Temporal program says whether a decision was accepted, or why not', async () => {
  const run = await gatehouse.start({ agent: 'deployer' });
  const workflowId = `run-${run.runId}`;
  const update = (name: string, input: unknown) =>
    temporal(
      'workflow',
      'update',
      'execute',
      '--workflow-id',
      workflowId,
      '--name',
      name,
      '--input',
      JSON.stringify(input),
      '-o',
      'json',
    );
  const question = await waiting(workflowId, 'questions');
  const answered = await update('submitAnswer', { questionId: question.id, answer: 'production' });
  expect(JSON.parse(answered).result).toEqual({ accepted: true, status: 'answered' });
  const approval = await waiting(workflowId, 'approvals');
  const decision = { approvalId: approval.id, decision: 'deny', reason: 'not today', by: 'olga' };
  await expect(update('submitDecision', { ...decision, actionHash: 'wrong' })).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('`actionHash` is not that of this approval'),
  });
  const denied = await update('submitDecision', { ...decision, actionHash: approval.actionHash });
  expect(JSON.parse(denied).result).toEqual({ accepted: true, status: 'denied' });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'denied by olga: not today' });
});

test('a plain Temporal client that knows the contract only starts, answers and approves a run', async () => {
  const connection = await Connection.connect({ address: gatehouse.temporalAddress });
  try {
    const { workflow } = new Client({ connection, namespace: gatehouse.namespace });
    const runId = 'plain-1';
    const handle = await workflow.start('agentRun', {
      taskQueue: 'gatehouse-control',
      workflowId: `run-${runId}`,
      args: [
        {
          runId,
          organizationId: 'local',
          agent: 'deployer',
          prompt: 'Deploy where you are told.',
          repo: gatehouse.repository,
          requestedBy: 'a service',
        },
      ],
    });
    interface Pending {
      approvals: { id: string; actionHash: string; args: string }[];
      questions: { id: string; options: string[] }[];
    }
    let pending: Pending = { approvals: [], questions: [] };
    const waits = (kind: keyof Pending) =>
      waitUntil(async () => {
        pending = await handle.query<Pending>('pending');
        return pending[kind].length > 0;
      }, `${kind} wait`);
    await waits('questions');
    expect(await handle.query('status')).toMatchObject({ status: 'WAITING_INPUT' });
    expect(pending.questions[0]!.options).toEqual(['staging', 'production']);
    await handle.signal('answer', { questionId: pending.questions[0]!.id, answer: 'staging' });
    await waits('approvals');
    const [approval] = pending.approvals;
    const { id: approvalId, actionHash } = approval!;
    const receipt = await handle.executeUpdate('submitDecision', {
      args: [{ approvalId, decision: 'approve', actionHash, by: 'a service' }],
    });
    expect(receipt).toEqual({ accepted: true, status: 'approved' });
    expect(await handle.result()).toEqual({ status: 'COMPLETED', text: '{"to":"staging"}' });
    expect(await handle.query('usage')).toMatchObject({ usage: { turns: 3 } });
    expect(await handle.query('transcript', { since: 0 })).toMatchObject({ next: null });
  } finally {
    await connection.close();
  }
});
