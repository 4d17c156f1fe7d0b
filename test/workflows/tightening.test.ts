import { type Harness, startHarness } from '../support/run-harness';
import { call, DEPLOY_TOOL } from '../support/scripted-agent';
import { scheduled } from '../support/test-run';

let gatehouse: Harness;
beforeAll(async () => {
  gatehouse = await startHarness();
});
afterAll(() => gatehouse.close());

const ask = { calls: [call('ask-user', { question: 'Go on?' })] };
const write = { calls: [call('write-file', { path: 'new.txt', content: 'new' })] };

test('a tool that is denied while a run waits is refused to it at once', async () => {
  const script = [
    ask,
    write,
    { expect: { kind: 'refused', contains: 'denied to this agent' }, say: 'understood' },
  ];
  const agent = await gatehouse.agent({ name: 'tightened' }, script);
  const run = await gatehouse.start({ agent });
  await run.question();
  await gatehouse.agent({ name: 'tightened', deniedTools: ['write-file'] }, script);
  await run.answerNext('yes');
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'understood' });
});

test('a lower tier counts at once, for a call that waits for its approval too', async () => {
  const script = [
    { calls: [call('deploy', { to: 'production' })] },
    { expect: { kind: 'refused', contains: 'refused by policy' }, say: 'understood' },
  ];
  const definition = { name: 'lowered', tools: [DEPLOY_TOOL] };
  const agent = await gatehouse.agent({ ...definition, tier: 'PROD_GATED' }, script);
  const run = await gatehouse.start({ agent });
  await run.approvals();
  await gatehouse.agent({ ...definition, tier: 'DRAFT' }, script);
  await run.approveNext();
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'understood' });
  expect(scheduled(await run.history(), 'executeTool')).toEqual([]);
});

test('what is loosened counts for new runs only', async () => {
  const script = [ask, write, { capture: { outcome: { from: 1, pattern: '(^\\w+)' } }, say: '{{outcome}}' }];
  const agent = await gatehouse.agent({ name: 'loosened', deniedTools: ['write-file'] }, script);
  const run = await gatehouse.start({ agent });
  await run.question();
  await gatehouse.agent({ name: 'loosened' }, script);
  const next = await gatehouse.start({ agent });
  await run.answerNext('yes');
  await next.answerNext('yes');
  expect(await run.outcome()).toMatchObject({ text: 'refused' });
  expect(await next.outcome()).toMatchObject({ text: 'wrote' });
});

test('a run may be narrowed when it is started', async () => {
  const agent = await gatehouse.agent({}, [write, { expect: { kind: 'refused' }, say: 'understood' }]);
  const run = await gatehouse.start({ agent, narrow: { deniedTools: ['write-file'] } });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'understood' });
});

test('a stopped organization grants nothing: its runs end as CANCELLED at their next gate', async () => {
  await gatehouse.organizations.create({ id: 'stopped', name: 'Stopped', signatures: 'OPTIONAL' });
  const agent = await gatehouse.agent({}, [ask, write, { say: 'never' }], 'stopped');
  const run = await gatehouse.start({ agent, organizationId: 'stopped' });
  await run.question();
  await gatehouse.organizations.setHalt('stopped', 'stopped');
  await run.answerNext('yes');
  expect(await run.outcome()).toEqual({
    status: 'CANCELLED',
    text: 'the organization is stopped by an operator',
  });
  expect(scheduled(await run.history(), 'executeTool')).toEqual([]);
});

test('a paused organization holds its runs at their next gate; a resume signal makes them look again', async () => {
  await gatehouse.organizations.create({ id: 'paused', name: 'Paused', signatures: 'OPTIONAL' });
  const agent = await gatehouse.agent({}, [ask, write, { say: 'done' }], 'paused');
  const run = await gatehouse.start({ agent, organizationId: 'paused' });
  await run.question();
  await gatehouse.organizations.setHalt('paused', 'paused');
  await run.answerNext('yes');
  await run.reaches('PAUSED');
  expect(scheduled(await run.history(), 'executeTool')).toEqual([]);
  await gatehouse.organizations.setHalt('paused', 'none');
  await run.handle.signal('resume', { by: 'olga', reason: 'all clear' });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'done' });
  expect((await run.history()).filter(({ type }) => type === 'timerFired')).toEqual([]);
});

test('an agent that nobody watches is refused where another waits', async () => {
  const agent = await gatehouse.agent({ tier: 'PROD_GATED', tools: [DEPLOY_TOOL], onAsk: 'refuse' }, [
    { calls: [call('deploy', { to: 'production' })] },
    { expect: { kind: 'refused', contains: 'onAsk: refuse' }, say: 'understood' },
  ]);
  const run = await gatehouse.start({ agent });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'understood' });
});
