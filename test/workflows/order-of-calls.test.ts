import type { CallOutcome } from '../../src/domain/call';
import { type Harness, startHarness } from '../support/run-harness';
import { call, DEPLOY_TOOL } from '../support/scripted-agent';
import { decisionOn, inputOf, scheduled, type TestRun } from '../support/test-run';
import { waitUntil } from '../support/wait-until';

let gatehouse: Harness;
beforeAll(async () => {
  gatehouse = await startHarness();
});
afterAll(() => gatehouse.close());

const append = (word: string) => call('run-command', { command: `echo ${word} >> order.txt` });
const write = (path: string, content = 'new\n') => call('write-file', { path, content });
const read = (path: string) => call('read-file', { path });
const deploy = (to: string) => call('deploy', { to });
const production = { tier: 'PROD_GATED', tools: [DEPLOY_TOOL] };

test('the calls of a turn take effect in the order given, reads between effects included', async () => {
  const agent = await gatehouse.agent({ tier: 'SANDBOX' }, [
    { calls: [append('one'), read('order.txt'), append('two'), append('three'), read('order.txt')] },
    { say: 'done' },
  ]);
  const run = await gatehouse.start({ agent });
  expect(await run.outcome()).toMatchObject({ status: 'COMPLETED' });
  expect(kindsAndTexts(await run.outcomes())).toEqual([
    ['done', expect.anything()],
    ['done', 'one\n'],
    ['done', expect.anything()],
    ['done', expect.anything()],
    ['done', 'one\ntwo\nthree\n'],
  ]);
});

test('a held effect holds later effects of its turn, not reads', async () => {
  const agent = await gatehouse.agent(production, [
    { calls: [deploy('staging'), write('later.txt'), read('main.tf')] },
    { say: 'done' },
  ]);
  const run = await gatehouse.start({ agent });
  await run.approvals();
  await waitUntil(async () => (await executed(run)).includes('read-file'), 'the read ran');
  expect(await executed(run)).toEqual(['read-file']);
  await run.approveNext();
  expect(await run.outcome()).toMatchObject({ status: 'COMPLETED' });
  expect(await executed(run)).toEqual(['read-file', 'deploy', 'write-file']);
  expect((await run.outcomes()).map(({ callId }) => callId)).toEqual([
    ...new Set((await run.outcomes()).map(({ callId }) => callId)),
  ]);
  expect((await run.outcomes()).map(({ kind }) => kind)).toEqual(['done', 'done', 'done']);
});

test('after a denial the rest of the turn is gated again and goes on', async () => {
  const agent = await gatehouse.agent(production, [
    { calls: [deploy('staging'), write('later.txt')] },
    {
      expect: [
        { tool: 'deploy', kind: 'refused', contains: 'denied by alice: not on a Friday' },
        { tool: 'write-file', kind: 'done' },
      ],
      say: 'understood',
    },
  ]);
  const run = await gatehouse.start({ agent });
  await run.denyNext('not on a Friday');
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'understood' });
  const judged = (await run.events()).filter(
    (event) => event.type === 'decision' && event.data.tool === 'write-file',
  );
  expect(judged.length).toBeGreaterThanOrEqual(2);
});

test('a call that policy refuses gets its result at once and holds nothing', async () => {
  const agent = await gatehouse.agent({}, [
    { calls: [call('git-push', { branch: 'main' }), write('kept.txt'), call('no-such-tool')] },
    {
      expect: [
        { call: 1, kind: 'refused', contains: 'refused by policy' },
        { call: 2, kind: 'done' },
        { call: 3, kind: 'refused' },
      ],
      say: 'went on',
    },
  ]);
  const run = await gatehouse.start({ agent });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'went on' });
});

test('all approvals of a turn are shown at once, and each is decided alone', async () => {
  const agent = await gatehouse.agent(production, [
    { calls: [deploy('one'), deploy('two'), deploy('three')] },
    { say: 'done' },
  ]);
  const run = await gatehouse.start({ agent });
  const [one, two, three] = await run.approvals(3);
  expect(await run.decide(decisionOn(three!, 'approve', { by: 'alice' }))).toMatchObject({ accepted: true });
  expect(await run.decide(decisionOn(one!, 'deny', { by: 'bob', reason: 'no' }))).toMatchObject({
    accepted: true,
  });
  await waitUntil(async () => (await run.pending()).approvals.length === 1, 'one is left');
  expect((await run.pending()).approvals[0]!.id).toBe(two!.id);
  expect(await executed(run)).toEqual([]);
  await run.approveNext();
  expect(await run.outcome()).toMatchObject({ status: 'COMPLETED' });
  expect(kindsAndTexts(await run.outcomes())).toEqual([
    ['refused', 'denied by bob: no'],
    ['done', '{"to":"two"}'],
    ['done', '{"to":"three"}'],
  ]);
});

test('an approval of what earlier calls of the turn change is shown when their change is there', async () => {
  const agent = await gatehouse.agent({ tier: 'SANDBOX', requiresApproval: { prCreation: true } }, [
    {
      calls: [
        write('new.txt'),
        call('git-commit', { message: 'New file' }),
        call('validate'),
        call('git-push'),
        call('create-pr', { title: 'New file' }),
      ],
    },
    { say: 'opened' },
  ]);
  const run = await gatehouse.start({ agent });
  await run.approveNext();
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'opened' });
  expect((await run.outcomes()).map(({ kind }) => kind)).toEqual(['done', 'done', 'done', 'done', 'done']);
});

/** Tools as they went to the sandbox, in that order. */
async function executed(run: TestRun): Promise<string[]> {
  return scheduled(await run.history(), 'executeTool').flatMap(({ input }) =>
    inputOf<{ calls: { tool: string }[] }>(input).calls.map(({ tool }) => tool),
  );
}

function kindsAndTexts(outcomes: CallOutcome[]): [string, string][] {
  return outcomes.map(({ kind, text }) => [kind, text]);
}
