import { type Harness, startHarness } from '../support/run-harness';
import { call } from '../support/scripted-agent';
import { waitUntil } from '../support/wait-until';

let gatehouse: Harness;
beforeAll(async () => {
  gatehouse = await startHarness();
});
afterAll(() => gatehouse.close());

const note = (path: string) => ({ calls: [call('write-file', { path, content: 'noted\n' })] });

test('a run that came to its end keeps it, when a stop comes while its workspace goes', async () => {
  const ask = { calls: [call('ask-user', { question: 'Enough?' })] };
  const agent = await gatehouse.agent({}, [note('one.txt'), ask, { say: 'done' }]);
  const run = await gatehouse.start({ agent });
  await run.question();
  await gatehouse.stop('sandbox');
  try {
    await run.answerNext('yes');
    await run.pendingActivity('discard');
    await run.handle.cancel();
    expect(await run.handle.result()).toEqual({ status: 'COMPLETED', text: 'done' });
  } finally {
    await gatehouse.restart('sandbox');
  }
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'done' });
  const { searchAttributes } = await run.handle.describe();
  expect(searchAttributes.GatehouseStatus).toEqual(['COMPLETED']);
  const ends = (await run.events()).filter(({ type, data }) => type === 'status' && 'status' in data);
  expect(ends.map(({ data }) => data)).toEqual([{ status: 'COMPLETED', text: 'done' }]);
});

test('a stop waits for what runs, and not once more for each call that ended before', async () => {
  const agent = await gatehouse.agent({ tier: 'SANDBOX' }, [
    note('one.txt'),
    note('two.txt'),
    { calls: [call('run-command', { command: 'touch started; sleep 60' })] },
    { say: 'never' },
  ]);
  const run = await gatehouse.start({ agent });
  await waitUntil(async () => (await run.usage()).usage.turns === 3, 'the third turn is taken');
  await run.pendingActivity('executeTool');
  await run.handle.cancel();
  expect(await run.outcome()).toMatchObject({ status: 'CANCELLED' });
  const timers = (await run.history()).filter(({ type }) => type === 'timerStarted');
  expect(timers).toHaveLength(1);
});
