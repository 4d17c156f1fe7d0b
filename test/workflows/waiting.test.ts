import { readdirSync, readFileSync } from 'node:fs';
import { createApprovalStore } from '../../src/store/approval-store';
import { type Harness, startHarness } from '../support/run-harness';
import { call, DEPLOY_TOOL } from '../support/scripted-agent';
import { decisionOn, scheduled, type TestRun } from '../support/test-run';
import { waitUntil } from '../support/wait-until';

let gatehouse: Harness;
let deployer: string;
beforeAll(async () => {
  gatehouse = await startHarness();
  deployer = await gatehouse.agent({ tier: 'PROD_GATED', tools: [DEPLOY_TOOL] }, [
    { calls: [call('deploy', { to: 'production' })] },
    { capture: { outcome: { from: 'deploy', pattern: '([^]*)' } }, say: '{{outcome}}' },
  ]);
});
afterAll(() => gatehouse.close());

const timers = async (run: TestRun) =>
  (await run.history()).flatMap((event) => event.timerStartedEventAttributes ?? []);
const secondsOf = (timer: Awaited<ReturnType<typeof timers>>[number]) =>
  Number(timer.startToFireTimeout?.seconds ?? 0);

test('a pause takes effect before the next step, and a resume lets the run go on', async () => {
  const agent = await gatehouse.agent({}, [
    { calls: [call('read-file', { path: 'main.tf' })], takesMs: 700 },
    { say: 'done' },
  ]);
  const run = await gatehouse.start({ agent });
  await run.pendingActivity('takeTurn');
  await run.handle.signal('pause', { by: 'olga', reason: 'maintenance' });
  await run.turns(1);
  expect(await run.status()).toEqual({ status: 'PAUSED', turn: 1, text: 'maintenance' });
  expect(scheduled(await run.history(), 'takeTurn')).toHaveLength(1);
  await run.handle.signal('resume', { by: 'olga', reason: 'done' });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'done' });
});

test('a pause stops the 24 hours, and a resume starts the remainder', async () => {
  const run = await gatehouse.start({ agent: deployer });
  const [approval] = await run.approvals();
  const shownAt = Date.now();
  await waitUntil(() => Date.now() - shownAt > 1_100, 'a second has passed');
  await run.handle.signal('pause', { by: 'olga', reason: 'maintenance' });
  await run.reaches('PAUSED');
  // That of the wait, and that of the first reminder.
  expect((await run.history()).filter(({ type }) => type === 'timerCanceled')).toHaveLength(2);
  expect(await timers(run)).toHaveLength(2);
  await run.handle.signal('resume', { by: 'olga', reason: 'done' });
  await run.reaches('WAITING_APPROVAL');
  const all = (await timers(run)).map(secondsOf);
  const [whole, remainder] = all.filter((seconds) => seconds > 3_600);
  expect(all).toHaveLength(4);
  expect(whole).toBe(86_400);
  expect(remainder).toBeLessThan(86_400);
  expect(remainder).toBeGreaterThan(86_300);
  expect(await run.decide(decisionOn(approval!, 'approve', { by: 'alice' }))).toMatchObject({
    accepted: true,
  });
  expect(await run.outcome()).toMatchObject({ status: 'COMPLETED' });
});

test('a decision during a pause counts, and what it allows starts after the resume', async () => {
  const run = await gatehouse.start({ agent: deployer });
  await run.approvals();
  await run.handle.signal('pause', { by: 'olga', reason: 'maintenance' });
  await run.reaches('PAUSED');
  await run.approveNext();
  expect(await run.status()).toMatchObject({ status: 'PAUSED' });
  expect(scheduled(await run.history(), 'executeTool')).toEqual([]);
  await run.handle.signal('resume', { by: 'olga', reason: 'done' });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: '{"to":"production"}' });
});

test('a stop while an approval waits ends the run as CANCELLED, and a late decision is told so', async () => {
  const run = await gatehouse.start({ agent: deployer });
  const [approval] = await run.approvals();
  await run.handle.cancel();
  expect(await run.outcome()).toEqual({ status: 'CANCELLED', text: 'stopped by an operator' });
  expect((await run.handle.describe()).status.name).toBe('CANCELLED');
  await expect(run.decide(decisionOn(approval!, 'approve'))).rejects.toThrow(/completed|not found/);
  expect(await run.pending()).toEqual({ approvals: [], questions: [] });
  expect(await createApprovalStore(gatehouse.database).listPending('local', run.runId)).toEqual([]);
});

test('a stop while a tool runs kills the tool and what it started', async () => {
  const agent = await gatehouse.agent({ tier: 'SANDBOX' }, [
    { calls: [call('run-command', { command: 'sleep 9871 & sleep 9872' })] },
    { say: 'never' },
  ]);
  const run = await gatehouse.start({ agent });
  await waitUntil(() => sleeping().length === 2, 'the tool runs');
  await run.handle.cancel();
  expect(await run.outcome()).toMatchObject({ status: 'CANCELLED' });
  await waitUntil(() => sleeping().length === 0, 'the tool is gone', 5_000);
});

test('a stop while the model thinks ends the turn', async () => {
  const agent = await gatehouse.agent({}, [{ say: 'never', takesMs: 60_000 }]);
  const run = await gatehouse.start({ agent });
  await run.pendingActivity('takeTurn');
  await run.handle.cancel();
  expect(await run.outcome()).toMatchObject({ status: 'CANCELLED' });
});

test('what a person says before the run waits for it is kept', async () => {
  const agent = await gatehouse.agent({}, [
    { calls: [call('ask-user', { question: 'First?' }), call('ask-user', { question: 'Second?' })] },
    { say: 'done' },
  ]);
  const run = await gatehouse.start({ agent });
  await run.question();
  const [first, second] = (await run.pending()).questions;
  await run.answer({ questionId: second!.id, answer: 'two' });
  await run.answer({ questionId: first!.id, answer: 'one' });
  expect(await run.outcome()).toMatchObject({ status: 'COMPLETED' });
  expect((await run.outcomes()).map(({ text }) => text)).toEqual(['one', 'two']);
});

/** Processes of the tool, anywhere on this machine. */
function sleeping(): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      const [program, seconds] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return program === 'sleep' && (seconds === '9871' || seconds === '9872');
    } catch {
      // No process, or one that ended meanwhile.
      return false;
    }
  });
}
