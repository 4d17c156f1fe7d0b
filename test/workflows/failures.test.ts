import { type Harness, startHarness } from '../support/run-harness';
import { call } from '../support/scripted-agent';

let gatehouse: Harness;
beforeAll(async () => {
  gatehouse = await startHarness();
});
afterAll(() => gatehouse.close());

test('a run of an unknown agent fails with one clear text, and still answers for itself', async () => {
  const run = await gatehouse.start({ agent: 'nobody' });
  expect(await run.outcome()).toEqual({
    status: 'FAILED',
    text: 'there is no agent `nobody` in organization `local`; `gatehouse agents list` shows those there are',
  });
  expect(await run.status()).toMatchObject({ status: 'FAILED', text: expect.stringContaining('no agent') });
  expect(await run.usage()).toMatchObject({ budget: null, usage: { turns: 0 } });
});

test('a run on a missing repository fails with a text that names it', async () => {
  const agent = await gatehouse.agent({}, [{ calls: [call('list-files')] }, { say: 'never' }]);
  const run = await gatehouse.start({ agent, repo: '/nowhere/repository' });
  expect(await run.outcome()).toEqual({
    status: 'FAILED',
    text: 'there is no repository at `/nowhere/repository` on this host',
  });
});

test('a model that departs from its script fails the run and says where', async () => {
  const agent = await gatehouse.agent({ name: 'departing' }, [
    { calls: [call('read-file', { path: 'main.tf' })] },
    { expect: { contains: 'something else' }, say: 'never' },
  ]);
  const run = await gatehouse.start({ agent });
  expect(await run.outcome()).toMatchObject({
    status: 'FAILED',
    text: expect.stringContaining('departing.script.yaml'),
  });
});

test('a call with wrong arguments is refused with its reason, and the run goes on', async () => {
  const agent = await gatehouse.agent({}, [
    {
      calls: [
        { tool: 'read-file', args: '{"path": "main.tf", "path": "other"}' },
        call('read-file', { file: 'x' }),
      ],
    },
    {
      expect: [
        { call: 1, kind: 'refused' },
        { call: 2, kind: 'refused' },
      ],
      say: 'went on',
    },
  ]);
  const run = await gatehouse.start({ agent });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'went on' });
});

test('output with a zero byte and a lone surrogate is kept, shown to the model, and ends no run', async () => {
  const agent = await gatehouse.agent({ tier: 'SANDBOX' }, [
    {
      say: 'look: \u0000',
      calls: [
        call('run-command', { command: "printf 'zero\\0byte'" }),
        call('write-file', { path: 'odd.txt', content: 'a\u0000b\ud800c' }),
        call('no-such-\u0000tool'),
        call('propose-change', { title: 'zero \u0000', text: 'byte' }),
      ],
    },
    { expect: { tool: 'run-command', kind: 'done', contains: 'zero' }, say: 'done \u0000' },
  ]);
  const run = await gatehouse.start({ agent });
  expect(await run.outcome()).toMatchObject({ status: 'COMPLETED' });
});

test('a database that is away while a call is gated or a word recorded is waited for', async () => {
  const agent = await gatehouse.agent({}, [
    { calls: [call('ask-user', { question: 'Go on?' })] },
    { calls: [call('read-file', { path: 'main.tf' })] },
    { say: 'went on' },
  ]);
  const run = await gatehouse.start({ agent });
  const question = await run.question();
  await gatehouse.refuseDatabase(true);
  const answered = run.answer({ questionId: question.id, answer: 'yes' });
  await run.pendingActivity('recordAnswer');
  await gatehouse.refuseDatabase(false);
  expect(await answered).toMatchObject({ accepted: true });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'went on' });

  const second = await gatehouse.start({ agent });
  await second.question();
  await gatehouse.refuseDatabase(true);
  await second.handle.signal('answer', { questionId: (await second.question()).id, answer: 'yes' });
  await second.pendingActivity('recordAnswer');
  await gatehouse.refuseDatabase(false);
  expect(await second.outcome()).toEqual({ status: 'COMPLETED', text: 'went on' });
});

test('a word that arrives while the run is being stopped does not keep it from being closed', async () => {
  const agent = await gatehouse.agent({}, [
    { calls: [call('ask-user', { question: 'Go on?' })] },
    { say: 'never' },
  ]);
  const run = await gatehouse.start({ agent });
  const { id: questionId } = await run.question();
  await gatehouse.refuseDatabase(true);
  await run.handle.cancel();
  await run.pendingActivity('finish');
  await run.handle.signal('answer', { questionId, answer: 'too late' });
  await run.signalsSeen(1);
  await gatehouse.refuseDatabase(false);
  expect(await run.outcome()).toEqual({ status: 'CANCELLED', text: 'stopped by an operator' });
});

const input = { runId: 'x', organizationId: 'local', agent: 'nobody', prompt: 'Do it.', requestedBy: 'rita' };
test.each<[string, unknown[]]>([
  ['nothing', []],
  ['null', [null]],
  ['a word', ['x']],
  ['an empty object', [{}]],
  ['an agent that is no text', [{ ...input, agent: 7 }]],
  ['a state of somebody’s own', [input, { turn: 3 }]],
])('a workflow started with %s fails at once and says why', async (_, args) => {
  const workflowId = `run-bad-${Math.random().toString(36).slice(2)}`;
  const handle = await gatehouse.client.workflow.start('agentRun', {
    workflowId,
    taskQueue: 'gatehouse-control',
    args,
  });
  await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'input-malformed' } });
});
