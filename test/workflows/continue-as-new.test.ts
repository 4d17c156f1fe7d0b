import { type Harness, startHarness } from '../support/run-harness';
import { call } from '../support/scripted-agent';
import { bytesOf, scheduled, type TestRun } from '../support/test-run';

let gatehouse: Harness;
beforeAll(async () => {
  gatehouse = await startHarness();
});
afterAll(() => gatehouse.close());

const budget = { maxToolCalls: 400, maxTokens: 100_000_000 };
const large = (count: number) => ({
  calls: Array.from({ length: count }, () => call('read-file', { path: 'large.txt' })),
});

/** Workflow run ids of all executions of a run, first to last. */
async function executions(run: TestRun): Promise<string[]> {
  const ids: string[] = [];
  for (let next: string | null | undefined = run.firstExecution; next; ) {
    ids.push(next);
    // A whole history may be more than one answer holds.
    const [last] = await eventsOf(run, next, { historyEventFilterType: 2 });
    next = last?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
  }
  return ids;
}

async function inputBytes(run: TestRun, execution: string): Promise<number> {
  const [started] = await eventsOf(run, execution, { maximumPageSize: 1 });
  return bytesOf(started?.workflowExecutionStartedEventAttributes?.input);
}

async function eventsOf(
  run: TestRun,
  runId: string,
  options: { historyEventFilterType?: number; maximumPageSize?: number },
) {
  const { history } = await gatehouse.client.workflowService.getWorkflowExecutionHistory({
    namespace: gatehouse.namespace,
    execution: { workflowId: run.handle.workflowId, runId },
    ...options,
  });
  return history?.events ?? [];
}

test('a run whose state nears 1 MB continues as new: whole transcript, small input, budgets and people kept', async () => {
  const turns = 8;
  const agent = await gatehouse.agent({ budget }, [
    ...Array.from({ length: turns }, () => large(10)),
    { calls: [call('ask-user', { question: 'Enough?' })] },
    { expect: { contains: 'yes' }, say: 'enough' },
  ]);
  const run = await gatehouse.start({ agent });
  await run.question();
  // An empty cache meets a transcript that is mostly archived.
  await gatehouse.restart('runner');
  await run.answerNext('yes');
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'enough' });

  const ids = await executions(run);
  expect(ids).toHaveLength(2);
  expect(await inputBytes(run, ids[1]!)).toBeLessThan(400_000);
  const transcript = await run.transcript();
  expect(transcript.map(({ role }) => role)).toEqual([
    'system',
    'user',
    ...Array.from({ length: turns + 1 }, () => ['assistant', 'tool']).flat(),
    'assistant',
  ]);
  expect((await run.outcomes()).filter(({ kind }) => kind === 'done')).toHaveLength(turns * 10);
  expect((await run.outcomes())[0]!.text).toMatch(/^all work and no play/);
  expect(await run.usage()).toMatchObject({ usage: { turns: turns + 2, toolCalls: turns * 10 + 1 } });
  const sequences = (await run.events()).map(({ sequence }) => sequence);
  expect(sequences).toEqual([...new Set(sequences)].sort((one, other) => one - other));
  expect((await run.history()).filter(({ type }) => type === 'activityTaskFailed')).toEqual([]);
});

test('turns that are large by themselves do not make the run continue as new again and again', async () => {
  const agent = await gatehouse.agent({ budget }, [large(32), large(32), large(32), { say: 'read' }]);
  const run = await gatehouse.start({ agent });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'read' });
  const ids = await executions(run);
  expect(ids).toHaveLength(2);
  expect((await run.outcomes()).filter(({ kind }) => kind === 'done')).toHaveLength(96);
});

test('a run starts and continues with as much to read as a run may be given', async () => {
  const attachments = ['x'.repeat(950_000)];
  const agent = await gatehouse.agent({ budget }, [large(1), large(1), { say: 'read' }]);
  const attached = await gatehouse.start({ agent, attachments });
  expect(await attached.outcome()).toEqual({ status: 'COMPLETED', text: 'read' });
  expect(await executions(attached)).toHaveLength(2);

  const prompted = await gatehouse.start({ agent, prompt: 'x'.repeat(950_000) });
  expect(await prompted.outcome()).toEqual({ status: 'COMPLETED', text: 'read' });
  const ids = await executions(prompted);
  expect(ids).toHaveLength(2);
  expect(await inputBytes(prompted, ids[1]!)).toBeLessThan(1_200_000);
});

test('text of three bytes a character is archived in pieces that Temporal takes', async () => {
  const agent = await gatehouse.agent({ tier: 'SANDBOX', budget }, [
    { calls: [call('write-file', { path: 'wide.txt', content: '漢字'.repeat(2_600) })] },
    ...Array.from({ length: 6 }, () => ({
      calls: Array.from({ length: 30 }, () => call('read-file', { path: 'wide.txt' })),
    })),
    { say: 'read' },
  ]);
  const run = await gatehouse.start({ agent });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'read' });
  for (const id of await executions(run))
    for (const { input } of scheduled(await run.history(id), 'archive'))
      expect(bytesOf(input)).toBeLessThan(2_000_000);
});

test('a turn that reads as much as it may of control characters is one that Temporal takes', async () => {
  const agent = await gatehouse.agent({ budget }, [
    { calls: [call('write-file', { path: 'dense.txt', content: '\u0001'.repeat(16_000) })] },
    { calls: Array.from({ length: 32 }, () => call('read-file', { path: 'dense.txt' })) },
    { say: 'read' },
  ]);
  const run = await gatehouse.start({ agent });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'read' });
});
