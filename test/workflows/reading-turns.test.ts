import { type Harness, startHarness } from '../support/run-harness';
import { call } from '../support/scripted-agent';
import { bytesOf, scheduled } from '../support/test-run';

let gatehouse: Harness;
beforeAll(async () => {
  gatehouse = await startHarness();
});
afterAll(() => gatehouse.close());

const reading = (path = 'main.tf') => ({ calls: [call('read-file', { path })] });
const turns = (count: number) => Array.from({ length: count }, () => reading());

test('a reading turn costs at most 8 events of history: one activity and one local activity', async () => {
  const agent = await gatehouse.agent({}, [...turns(4), { say: 'read' }]);
  const run = await gatehouse.start({ agent });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'read' });

  const history = await run.history();
  const starts = scheduled(history, 'takeTurn').map((turn) =>
    history.findIndex((event) => event.activityTaskScheduledEventAttributes === turn),
  );
  expect(starts).toHaveLength(5);
  for (const turn of [2, 3]) {
    const events = history.slice(starts[turn - 1], starts[turn]).map(({ type }) => type);
    expect(events.length).toBeLessThanOrEqual(8);
    expect(events.filter((type) => type === 'activityTaskScheduled')).toHaveLength(1);
    expect(events.filter((type) => type === 'markerRecorded')).toHaveLength(1);
  }
  expect(scheduled(history, 'executeTool')).toEqual([]);
});

test('reads ride on the next turn, and the model and listeners see what they gave', async () => {
  const agent = await gatehouse.agent({}, [
    { calls: [call('read-file', { path: 'main.tf' }), call('list-files')] },
    {
      expect: [
        { tool: 'read-file', contains: 'aws_s3_bucket' },
        { tool: 'list-files', contains: 'README.md' },
      ],
      say: 'seen',
    },
  ]);
  const run = await gatehouse.start({ agent });
  expect(await run.outcome()).toMatchObject({ status: 'COMPLETED', text: 'seen' });
  const events = await run.events();
  expect(events.filter(({ type }) => type === 'call').map(({ data }) => data)).toMatchObject([
    { tool: 'read-file', outcome: 'done' },
    { tool: 'list-files', outcome: 'done' },
  ]);
});

test('inputs of turn 50 are no larger than those of turn 5', async () => {
  const agent = await gatehouse.agent({ budget: { maxTurns: 60 } }, [...turns(51), { say: 'read' }]);
  const run = await gatehouse.start({ agent });
  await waitForEnd(run);
  const sizes = scheduled(await run.history(), 'takeTurn').map(({ input }) => bytesOf(input));
  expect(sizes).toHaveLength(52);
  // Numbers have more digits; nothing else may grow.
  expect(sizes[49]! - sizes[4]!).toBeLessThanOrEqual(32);
});

test('with the channel off the same results come by activity', async () => {
  const agent = await gatehouse.agent({}, [
    { calls: [call('read-file', { path: 'main.tf' }), call('read-file', { path: 'missing' })] },
    reading('../outside'),
    { say: 'read' },
  ]);
  const over = await gatehouse.start({ agent });
  await waitForEnd(over);
  await gatehouse.restart('control', { GATEHOUSE_CHANNEL: 'off' });
  try {
    const without = await gatehouse.start({ agent });
    await waitForEnd(without);
    expect(scheduled(await without.history(), 'executeTool')).toHaveLength(1);
    expect(await without.outcomes()).toEqual(await over.outcomes());
    expect(await without.usage()).toMatchObject({
      usage: { toolCalls: (await over.usage()).usage.toolCalls },
    });
    expect(calls(await without.events())).toEqual(calls(await over.events()));
  } finally {
    await gatehouse.restart('control');
  }
});

test('a runner with an empty cache asks the run for its transcript and goes on', async () => {
  const agent = await gatehouse.agent({}, [
    reading(),
    { calls: [call('ask-user', { question: 'Go on?' })] },
    { expect: { tool: 'ask-user', contains: 'yes' }, ...reading('README.md') },
    { expect: { contains: 'A small repository' }, say: 'went on' },
  ]);
  const run = await gatehouse.start({ agent });
  await run.question();
  await gatehouse.restart('runner');
  await run.answerNext('yes');
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'went on' });
  expect((await run.history()).filter(({ type }) => type === 'activityTaskFailed')).toEqual([]);
});

// The last one: afterwards this harness has no channel.
test('a runner that loses the channel falls back to activities, and nothing of the results changes', async () => {
  const agent = await gatehouse.agent({}, [
    reading(),
    { calls: [call('ask-user', { question: 'Go on?' })] },
    reading('README.md'),
    { expect: { contains: 'A small repository' }, ...reading() },
    { expect: { contains: 'aws_s3_bucket' }, say: 'read all' },
  ]);
  const whole = await gatehouse.start({ agent });
  await whole.answerNext('yes');
  await waitForEnd(whole);
  const run = await gatehouse.start({ agent });
  await run.question();
  await gatehouse.closeChannel();
  await run.answerNext('yes');
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'read all' });
  expect(scheduled(await run.history(), 'executeTool').length).toBe(2);
  expect(await run.outcomes()).toEqual(await whole.outcomes());
  expect(calls(await run.events())).toEqual(calls(await whole.events()));
  expect((await run.usage()).usage).toMatchObject({ toolCalls: 4, reserved: { toolCalls: 0 } });
});

async function waitForEnd(run: { outcome(): Promise<{ status: string }> }): Promise<void> {
  expect(await run.outcome()).toMatchObject({ status: 'COMPLETED' });
}

function calls(events: { type: string; data: unknown }[]) {
  return events.filter(({ type }) => type === 'call').map(({ data }) => data);
}
