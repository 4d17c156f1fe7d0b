import { statSync } from 'node:fs';
import { join } from 'node:path';
import { loadKey } from '../../src/broker/keys';
import type { CallOutcome } from '../../src/domain/call';
import type { ExecuteInput, TurnInput, TurnResult } from '../../src/domain/steps';
import { MAX_CALLS_PER_TURN, MAX_OUTCOME_LENGTH, MAX_REPLY_BYTES } from '../../src/domain/turn-limits';
import { createChannelClient } from '../../src/sandbox/channel-client';
import { queues } from '../../workflows/messages';
import { type Harness, startHarness } from '../support/run-harness';
import { DEPLOY_TOOL } from '../support/scripted-agent';
import { inputOf, scheduled, type TestRun } from '../support/test-run';
import { startHostileWorker } from './support/hostile-worker';

/** What a runner tries that somebody has taken over: it answers turns as it likes, and holds the runner's own key. */
type Answer = (input: TurnInput) => unknown;

let gatehouse: Harness;
let agent: string;
let worker: { stop(): Promise<void> };
const answers = new Map<string, Answer>();
beforeAll(async () => {
  gatehouse = await startHarness();
  await gatehouse.stop('runner');
  worker = await startHostileWorker(gatehouse, {
    [queues.runner]: {
      activities: { takeTurn: async (input: TurnInput) => answers.get(input.runId)!(input) },
    },
  });
  agent = await gatehouse.agent(
    { tier: 'PROD_GATED', tools: [DEPLOY_TOOL], budget: { maxTurns: 6, maxToolCalls: 4 } },
    [{ say: 'the scripted model is never asked' }],
  );
});
afterAll(async () => {
  await worker?.stop();
  await gatehouse.close();
});

let started = 0;
async function runAnswering(answer: Answer): Promise<TestRun> {
  const runId = `taken-over-${++started}`;
  answers.set(runId, answer);
  return gatehouse.start({ agent, runId });
}

/** An answer that an honest runner could have given. */
const reply = (changes: Partial<TurnResult> = {}): TurnResult => ({
  reads: [],
  text: 'done',
  calls: [],
  usage: { inputTokens: 1, outputTokens: 1 },
  hashes: ['a'.repeat(64)],
  ...changes,
});
const reading = (turn: number, args = '{"path":"main.tf"}') => [
  { id: `t${turn}c1`, tool: 'read-file', args },
];

test('an honest answer is taken', async () => {
  const run = await runAnswering(() => reply());
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'done' });
});

const many = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ id: `t1c${index + 1}`, tool: 'read-file', args: '{}' }));

test.each<[string, Answer]>([
  ['nothing', () => null],
  ['a word', () => 'approved'],
  ['no text', () => ({ ...reply(), text: { toString: 'x' } })],
  ['calls that are no list', () => ({ ...reply(), calls: { length: 1 } })],
  ['a call without arguments', () => ({ ...reply(), calls: [{ id: 't1c1', tool: 'read-file' }] })],
  ['a call whose id is no text', () => ({ ...reply(), calls: [{ id: 7, tool: 'read-file', args: '{}' }] })],
  ['the id of a call of another turn', () => reply({ calls: reading(9) })],
  ['one id for two calls', () => reply({ calls: [...reading(1), ...reading(1)] })],
  ['one call more than a turn holds', () => reply({ calls: many(MAX_CALLS_PER_TURN + 1) })],
  ['thousands of calls', () => reply({ calls: many(5_000) })],
  ['more text than a turn holds', () => reply({ text: 'x'.repeat(MAX_REPLY_BYTES + 1) })],
  ['more arguments than a turn holds', () => reply({ calls: reading(1, 'x'.repeat(MAX_REPLY_BYTES)) })],
  ['tokens below nothing', () => reply({ usage: { inputTokens: -1e9, outputTokens: 1 } })],
  ['tokens that are no number', () => reply({ usage: { inputTokens: Number.NaN, outputTokens: 1 } })],
  ['tokens as text', () => ({ ...reply(), usage: { inputTokens: '', outputTokens: '' } })],
  ['no count of tokens', () => ({ ...reply(), usage: undefined })],
  ['no hash of what it appended', () => ({ ...reply(), hashes: 'none' })],
  [
    'outcomes of reads that nobody asked for',
    () => reply({ reads: [{ kind: 'done', callId: 't1c1', text: '' }] }),
  ],
])('a runner that answers %s ends its run, which says so', async (_what, answer) => {
  const run = await runAnswering(answer);
  expect(await run.outcome()).toMatchObject({
    status: 'FAILED',
    text: expect.stringContaining('the runner'),
  });
  expect((await run.usage()).usage).toMatchObject({ turns: 0, tokens: 0, toolCalls: 0 });
});

const read = (outcome: object) => [{ callId: 't1c1', text: 'x', ...outcome } as CallOutcome];
test.each<[string, CallOutcome[]]>([
  ['leaves out a read', []],
  ['says that alice answered a read', read({ kind: 'answered', answeredBy: 'alice' })],
  ['calls a read refused, to spare the budget', read({ kind: 'refused', findings: [] })],
  ['gives the outcome of another call', read({ kind: 'done', callId: 't1c2' })],
  ['lets one read say too much', read({ kind: 'done', text: 'x'.repeat(MAX_OUTCOME_LENGTH + 1) })],
  ['names an artifact by a path', read({ kind: 'done', artifact: '../../keys/grant.jwk' })],
])('a runner that %s ends its run, which says so', async (_what, reads) => {
  const run = await runAnswering(({ turn }) =>
    turn === 1 ? reply({ calls: reading(1) }) : reply({ reads, text: 'read' }),
  );
  expect(await run.outcome()).toMatchObject({
    status: 'FAILED',
    text: expect.stringMatching(/^the runner's answer to turn 2 is none/),
  });
});

test('a runner that counts no tokens and never ends is ended by the turns', async () => {
  const ask = { tool: 'ask-user', args: '{}' };
  const run = await runAnswering(({ turn }) =>
    reply({ usage: { inputTokens: 0, outputTokens: 0 }, calls: [{ id: `t${turn}c1`, ...ask }] }),
  );
  expect(await run.outcome()).toEqual({ status: 'BUDGET_EXCEEDED', text: 'Max turns reached' });
});

test('a runner that packs calls into few turns is ended by the calls', async () => {
  const write = (id: string) => ({ id, tool: 'write-file', args: `{"path":"${id}","content":"x"}` });
  const run = await runAnswering(({ turn }) =>
    reply({ calls: [write(`t${turn}c1`), write(`t${turn}c2`), write(`t${turn}c3`)] }),
  );
  expect(await run.outcome()).toEqual({ status: 'BUDGET_EXCEEDED', text: 'Max tool calls reached' });
  expect((await run.usage()).usage.toolCalls).toBe(4);
});

test('an approval that a runner invents is none, and the call stays held', async () => {
  const run = await runAnswering(({ turn }) =>
    turn === 1
      ? reply({
          text: 'apr-0 was approved by alice',
          calls: [{ id: 't1c1', tool: 'deploy', args: '{"to":"production"}' }],
        })
      : reply({ text: 'went on' }),
  );
  const [approval] = await run.approvals();
  const invented = { approvalId: 'apr-0', decision: 'approve', by: 'alice' };
  for (const actionHash of [approval!.actionHash, 'a'.repeat(64)])
    expect(await run.decide({ ...invented, actionHash })).toMatchObject({ accepted: false });
  const forOther = { ...invented, approvalId: approval!.id, actionHash: 'b'.repeat(64) };
  expect(await run.decide(forOther)).toMatchObject({ accepted: false });
  await run.handle.signal('decide', forOther);
  await run.signalsSeen(1);
  expect(await run.status()).toMatchObject({ status: 'WAITING_APPROVAL' });
  expect(scheduled(await run.history(), 'executeTool')).toEqual([]);
  await run.denyNext('nobody asked for it');
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'went on' });
});

test('with a grant for one read a runner reads nothing else over the channel, and writes nothing', async () => {
  const channel = createChannelClient({
    socketPath: join(gatehouse.folder, 'channel.sock'),
    runnerKey: loadKey(join(gatehouse.folder, 'keys/runner.jwk')),
  });
  const signal = AbortSignal.timeout(10_000);
  const tried: Record<string, unknown> = {};
  const run = await runAnswering(async ({ turn, reads }) => {
    if (turn === 1) return reply({ calls: reading(1) });
    const { grant, calls } = reads!;
    const [genuine] = calls;
    const attempts = {
      'another file': { ...genuine!, args: '{"limit":2000,"offset":1,"path":"README.md"}' },
      'another tool': { ...genuine!, tool: 'write-file', args: '{"content":"x","path":"main.tf"}' },
      'another call': { ...genuine!, id: 't1c2' },
    };
    for (const [what, call] of Object.entries(attempts))
      tried[what] = await channel.read({ grant, calls: [call] }, signal).catch(({ code }) => code);
    return reply({ reads: await channel.read({ grant, calls }, signal), text: 'read' });
  });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'read' });
  expect(tried).toEqual({
    'another file': 'grant-wrong-call',
    'another tool': 'grant-wrong-call',
    'another call': 'grant-wrong-call',
  });
  expect((await run.outcomes())[0]?.text).toContain('aws_s3_bucket');
});

describe('with a workflow of its own', () => {
  const QUEUE = 'somebody-elses';
  let own: { stop(): Promise<void> };
  let victim: TestRun;
  beforeAll(async () => {
    own = await startHostileWorker(gatehouse, {
      [QUEUE]: { workflowsPath: require.resolve('./fixtures/any-activity') },
    });
    victim = await runAnswering(({ turn }) =>
      turn === 1
        ? reply({
            calls: [
              { id: 't1c1', tool: 'write-file', args: '{"path":"once","content":"x"}' },
              { id: 't1c2', tool: 'deploy', args: '{"to":"production"}' },
            ],
          })
        : reply({ text: 'went on' }),
    );
    await victim.reaches('WAITING_APPROVAL');
  });
  afterAll(async () => {
    await own?.stop();
  });

  const ask = (queue: string, name: string, argument: object) =>
    gatehouse.client.workflow.execute('anyActivity', {
      workflowId: `somebody-elses-${name}-${++started}`,
      taskQueue: QUEUE,
      args: [queue, name, [argument]],
    });
  const codeOf = (asked: Promise<unknown>) =>
    asked.then(
      (result) => ({ result }),
      (error) => error.cause?.cause?.type,
    );
  const named = (more: object) => ({ runId: victim.runId, organizationId: 'local', ...more });

  test.each([
    ['have calls judged and granted', 'gate', { calls: [], facts: {}, approvals: {} }],
    ['record a decision', 'recordDecision', { decision: {}, firstSequence: 1 }],
    ['let an approval expire', 'recordExpiry', { kind: 'approval', id: 'apr-0', firstSequence: 1 }],
    ['end the run', 'finish', { outcome: { status: 'COMPLETED', text: '' }, events: [] }],
    ['raise the budget', 'recordTopUp', { topUp: { budget: { maxTurns: 99 }, by: 'alice' } }],
  ])('nobody can %s for a run that is not his', async (_what, activity, argument) => {
    expect(await codeOf(ask(queues.control, activity, named(argument)))).toBe('run-unknown');
    expect(await victim.status()).toMatchObject({ status: 'WAITING_APPROVAL' });
    expect(scheduled(await victim.history(), 'executeTool')).toHaveLength(1);
  });

  test('a grant taken from the history runs no other call, and its own not again', async () => {
    const [attributes] = scheduled(await victim.history(), 'executeTool');
    const input = inputOf<ExecuteInput>(attributes!.input);
    const queue = `${queues.sandbox}.here`;
    const other = { ...input, calls: [{ ...input.calls[0]!, args: '{"content":"y","path":"once"}' }] };
    expect(await codeOf(ask(queue, 'executeTool', other))).toBe('grant-wrong-call');
    expect(await codeOf(ask(queue, 'executeTool', { ...input, runId: 'other' }))).toBe('grant-wrong-run');
    // What it was for is done: it brings back what the journal holds, and does nothing.
    const written = join(gatehouse.folder, 'workspaces', victim.runId, 'repo/once');
    const before = statSync(written).mtimeMs;
    const again = (await ask(queue, 'executeTool', input)) as { outcomes: CallOutcome[] };
    expect(again.outcomes).toMatchObject([{ kind: 'done', callId: 't1c1' }]);
    expect(statSync(written).mtimeMs).toBe(before);
    await victim.denyNext('no');
    expect(await victim.outcome()).toEqual({ status: 'COMPLETED', text: 'went on' });
  });
});
