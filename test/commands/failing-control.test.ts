import { NativeConnection, Worker } from '@temporalio/worker';
import { openWorkflowClient } from '../../src/commands/workflow-client';
import { pause, queues } from '../../workflows/messages';
import { type Harness, startHarness } from '../support/run-harness';
import { call } from '../support/scripted-agent';

let gatehouse: Harness;
beforeAll(async () => {
  gatehouse = await startHarness();
});
afterAll(() => gatehouse?.close());

test('a run whose workflow tasks fail, as they do when control was just killed, is to be asked again', async () => {
  const turns = [{ say: 'which?', calls: [call('ask-user', { question: 'which?' })] }];
  const run = await gatehouse.start({ agent: await gatehouse.agent({ tier: 'OBSERVE' }, turns) });
  await run.reaches('WAITING_INPUT');
  await gatehouse.stop('control');
  const connection = await NativeConnection.connect({ address: gatehouse.temporalAddress });
  const worker = await Worker.create({
    ...{ connection, namespace: gatehouse.namespace, taskQueue: queues.control },
    workflowsPath: require.resolve('./fixtures/no-runs'),
  });
  const client = await openWorkflowClient({
    address: gatehouse.temporalAddress,
    namespace: gatehouse.namespace,
  });
  await worker.runUntil(async () => {
    await run.handle.signal(pause, { by: 'alice', reason: 'look' });
    const asked = () =>
      client.askRun(run.runId, (handle) =>
        handle.executeUpdate('submitAnswer', { args: [{ questionId: 'q' }] }),
      );
    for (const _time of [1, 2, 3])
      await expect(asked()).rejects.toMatchObject({ code: 'control-unreachable' });
  });
  await client.close();
  await connection.close();
  await gatehouse.restart('control');
}, 120_000);
