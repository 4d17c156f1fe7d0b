import { LOCAL_ORGANIZATION } from '../../src/store/organization-store';
import { createPolicyStore } from '../../src/store/policy-store';
import { type Harness, startHarness } from '../support/run-harness';
import { call, DEPLOY_TOOL } from '../support/scripted-agent';
import { scheduled } from '../support/test-run';

let gatehouse: Harness;
beforeAll(async () => {
  gatehouse = await startHarness();
});
afterAll(() => gatehouse.close());

/** Publishes a rate for a tool of its own, and gives the tool. */
async function ratedTool(name: string, rate: string, annotations = '') {
  const content = [
    '```cedar',
    `@id("few") @message("not so many") @rate("${rate}") ${annotations}`,
    `forbid (principal, action == Action::"${name}", resource);`,
    '```',
    '',
  ].join('\n');
  await createPolicyStore(gatehouse.database).publish(
    LOCAL_ORGANIZATION,
    { name, version: 1, content },
    'ada',
  );
  return { ...DEPLOY_TOOL, name, effect: 'draft' };
}

test('a call over the rate waits for its place, and then runs', async () => {
  const tools = [await ratedTool('notify', '1 per 3s')];
  const agent = await gatehouse.agent({ name: 'patient', tools }, [
    { calls: [call('notify', { to: 'one' })] },
    { calls: [call('notify', { to: 'two' })] },
    { say: 'done' },
  ]);
  const run = await gatehouse.start({ agent });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'done' });
  expect(scheduled(await run.history(), 'executeTool')).toHaveLength(2);
  const verdicts = (await run.events()).flatMap((event) =>
    event.type === 'decision' ? [event.data.verdict] : [],
  );
  expect(verdicts).toEqual(['allow', 'defer', 'allow']);
});

test('a call that would wait for more than an hour is refused, and the model is told until when', async () => {
  const tools = [await ratedTool('page', '1 per 2h')];
  const agent = await gatehouse.agent({ name: 'hurried', tools }, [
    { calls: [call('page', { to: 'one' })] },
    { calls: [call('page', { to: 'two' })] },
    { expect: { kind: 'refused', contains: 'not so many: 1 per 2 h' }, say: 'understood' },
  ]);
  const run = await gatehouse.start({ agent });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'understood' });
  expect(scheduled(await run.history(), 'executeTool')).toHaveLength(1);
});

test('a rate that is only observed lets calls pass, and says of each that it would have waited', async () => {
  const tools = [await ratedTool('chat', '1 per 2h', '@observe')];
  const agent = await gatehouse.agent({ name: 'watched', tools }, [
    { calls: [call('chat', { to: 'one' })] },
    { calls: [call('chat', { to: 'two' })] },
    { expect: { kind: 'done' }, say: 'done' },
  ]);
  const run = await gatehouse.start({ agent });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'done' });
  const reasons = (await run.events()).flatMap((event) =>
    event.type === 'decision' ? [event.data.reasons[0]?.message] : [],
  );
  expect(reasons[0]).not.toContain('not so many');
  expect(reasons[1]).toContain('would be `defer`: not so many: 1 per 2 h');
});
