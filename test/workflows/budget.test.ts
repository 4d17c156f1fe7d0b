import type { AgentBudget } from '../../src/domain/budget';
import { type Harness, startHarness } from '../support/run-harness';
import { call, DEPLOY_TOOL, type ScriptedTurn } from '../support/scripted-agent';
import { decisionOn } from '../support/test-run';
import { waitUntil } from '../support/wait-until';

let gatehouse: Harness;
beforeAll(async () => {
  gatehouse = await startHarness();
});
afterAll(() => gatehouse.close());

const reading = { calls: [call('read-file', { path: 'main.tf' })], tokens: 100 };

test.each<[keyof AgentBudget, number, string, ScriptedTurn]>([
  ['maxTurns', 2, 'Max turns reached', reading],
  ['maxTokens', 150, 'Token budget exhausted', reading],
  ['maxToolCalls', 2, 'Max tool calls reached', reading],
  ['maxDurationMs', 500, 'Time limit exceeded', { ...reading, takesMs: 400 }],
])('a run that reaches %s of %d ends as BUDGET_EXCEEDED and says so', async (limit, value, text, turn) => {
  const agent = await gatehouse.agent({ budget: { [limit]: value } }, [turn, turn, turn, { say: 'never' }]);
  const run = await gatehouse.start({ agent });
  expect(await run.outcome()).toEqual({ status: 'BUDGET_EXCEEDED', text });
  expect((await run.handle.describe()).status.name).toBe('COMPLETED');
  expect(await run.events()).toContainEqual(
    expect.objectContaining({ type: 'budget', data: { reason: text, kind: 'exhausted' } }),
  );
});

test('more calls in one turn than the budget has left are not all made', async () => {
  const agent = await gatehouse.agent({ tier: 'SANDBOX', budget: { maxToolCalls: 2 } }, [
    { calls: ['a', 'b', 'c'].map((path) => call('write-file', { path, content: path })) },
    { say: 'never' },
  ]);
  const run = await gatehouse.start({ agent });
  expect(await run.outcome()).toEqual({ status: 'BUDGET_EXCEEDED', text: 'Max tool calls reached' });
  expect((await run.usage()).usage).toMatchObject({ toolCalls: 2, reserved: { toolCalls: 0 } });
});

test('waiting for people does not count against the time limit', async () => {
  const maxDurationMs = 6_000;
  const agent = await gatehouse.agent({ budget: { maxDurationMs } }, [
    { calls: [call('ask-user', { question: 'Go on?' })] },
    { say: 'went on' },
  ]);
  const run = await gatehouse.start({ agent });
  await run.question();
  const askedAt = Date.now();
  await waitUntil(() => Date.now() - askedAt > maxDurationMs, 'more than the limit has passed');
  await run.answerNext('yes');
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'went on' });
  const { elapsedMs, usage } = await run.usage();
  expect(elapsedMs).toBeLessThan(maxDurationMs);
  expect(usage.waitedMs).toBeGreaterThan(maxDurationMs - 500);
});

test('an agent that may be topped up waits at its limit, and goes on with what it was given', async () => {
  const agent = await gatehouse.agent({ onBudget: 'topUp', budget: { maxTurns: 1 } }, [
    reading,
    { say: 'went on' },
  ]);
  const run = await gatehouse.start({ agent });
  await run.reaches('WAITING_APPROVAL');
  const malformed = [
    null,
    { by: 'olga' },
    { budget: { maxTurns: 1 } },
    { budget: {}, by: 'olga', signature: 7 },
  ];
  for (const topUp of malformed) await run.handle.signal('topUp', topUp);
  await waitUntil(async () => (await run.usage()).invalidSignals === malformed.length, 'they were refused');
  await run.handle.signal('topUp', { budget: { maxTurns: 5, maxTokens: 'many' }, by: 'olga' });
  await waitUntil(async () => (await run.usage()).invalidSignals === 5, 'amounts that are none were refused');
  const [asked] = await run.approvals();
  expect(await run.usage()).toMatchObject({ budget: { maxTurns: 1 }, usage: { turns: 1 } });
  await run.handle.signal('topUp', { budget: { maxTurns: 3 }, by: 'olga' });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'went on' });
  expect(await run.usage()).toMatchObject({ budget: { maxTurns: 4 } });
  expect(await run.events()).toContainEqual(
    expect.objectContaining({
      type: 'approval',
      data: { approvalId: asked!.id, tool: 'top-up', outcome: 'edited', by: ['olga'] },
    }),
  );
});

test('a limit that is reached is shown as an approval: approved as asked for, then edited, then denied', async () => {
  const agent = await gatehouse.agent({ onBudget: 'topUp', budget: { maxTurns: 2 } }, Array(9).fill(reading));
  const run = await gatehouse.start({ agent });
  const [first] = await run.approvals();
  expect(first).toMatchObject({
    tool: 'top-up',
    args: '{"maxTurns":2}',
    findings: [{ layer: 'approvals', rule: 'budget-maxTurns', message: 'Max turns reached' }],
    progress: { missing: 'one more approver' },
  });
  await run.approveNext();
  await waitUntil(async () => (await run.approvals())[0]!.id !== first!.id, 'the raised limit is reached');
  expect(await run.usage()).toMatchObject({ budget: { maxTurns: 4 }, usage: { turns: 4 } });
  const [second] = await run.approvals();
  const edit = (args: unknown) => run.decide(decisionOn(second!, 'approve', { by: 'alice', args }));
  for (const args of [{ maxTurns: -1 }, { maxTurns: '1' }, { maxMoney: 1 }, {}, 'more'])
    expect(await edit(args)).toMatchObject({ accepted: false });
  expect(await edit({ maxTurns: 1 })).toEqual({ accepted: true, status: 'edited' });
  await waitUntil(async () => (await run.approvals())[0]!.id !== second!.id, 'it is reached again');
  await run.denyNext('enough');
  expect(await run.outcome()).toEqual({ status: 'BUDGET_EXCEEDED', text: 'Max turns reached' });
  expect(await run.usage()).toMatchObject({ budget: { maxTurns: 5 }, usage: { turns: 5 } });
  const notices = (await run.events()).filter(({ type, data }) => type === 'budget' && 'limit' in data);
  expect(notices.map(({ data }) => (data as { kind?: string }).kind)).toEqual([
    'exhausted',
    'exhausted',
    'notice',
    'exhausted',
  ]);
});

test('people are told once that most of a limit is used', async () => {
  const agent = await gatehouse.agent({ budget: { maxTurns: 10, maxToolCalls: 10 } }, [
    ...Array(9).fill(reading),
    { say: 'done' },
  ]);
  const run = await gatehouse.start({ agent });
  expect(await run.outcome()).toMatchObject({ status: 'COMPLETED' });
  const notices = (await run.events()).filter(({ type }) => type === 'budget').map(({ data }) => data);
  expect(notices).toEqual([
    { kind: 'notice', limit: 'maxTurns', used: 8, of: 10, reason: 'most of `maxTurns` is used: 8 of 10' },
    {
      kind: 'notice',
      limit: 'maxToolCalls',
      used: 8,
      of: 10,
      reason: 'most of `maxToolCalls` is used: 8 of 10',
    },
  ]);
});

test('a top-up in an organization that requires signatures counts for nothing unsigned', async () => {
  await gatehouse.organizations.create({ id: 'strict', name: 'Strict', signatures: 'REQUIRED' });
  const definition = { onBudget: 'topUp', budget: { maxTurns: 1 } };
  const agent = await gatehouse.agent(definition, [reading, { say: 'never' }], 'strict');
  const run = await gatehouse.start({ agent, organizationId: 'strict' });
  await run.reaches('WAITING_APPROVAL');
  await run.handle.signal('topUp', { budget: { maxTurns: 3 }, by: 'olga' });
  await waitUntil(async () => (await run.usage()).invalidSignals === 1, 'it was refused');
  expect(await run.status()).toMatchObject({ status: 'WAITING_APPROVAL' });
  await run.handle.cancel();
});

test('a pipeline budget is one for parallel calls too', async () => {
  const pipeline = { ...DEPLOY_TOOL, name: 'pipeline', effect: 'draft', budget: 'pipelineRun' };
  const agent = await gatehouse.agent({ tools: [pipeline], budget: { maxPipelineRuns: 1 } }, [
    { calls: [call('pipeline', { to: 'a' }), call('pipeline', { to: 'b' })] },
    { say: 'never' },
  ]);
  const run = await gatehouse.start({ agent });
  expect(await run.outcome()).toEqual({ status: 'BUDGET_EXCEEDED', text: 'Max pipeline runs reached' });
  expect((await run.usage()).usage).toMatchObject({ pipelineRuns: 1, toolCalls: 1 });
});
