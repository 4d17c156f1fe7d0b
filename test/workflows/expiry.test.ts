import { type Harness, startHarness } from '../support/run-harness';
import { call, DEPLOY_TOOL } from '../support/scripted-agent';
import { decisionOn } from '../support/test-run';

const WAIT_MS = 1_200;

let gatehouse: Harness;
beforeAll(async () => {
  gatehouse = await startHarness({ waitForPeopleMs: WAIT_MS });
});
afterAll(() => gatehouse.close());

test('an approval that nobody decides counts as refused, and the run goes on', async () => {
  const agent = await gatehouse.agent({ tier: 'PROD_GATED', tools: [DEPLOY_TOOL] }, [
    { calls: [call('deploy', { to: 'production' })] },
    {
      expect: { kind: 'refused', contains: 'nobody approved it within 24 hours, which counts as refused' },
      calls: [call('ask-user', { question: 'And now?' })],
    },
    { expect: { contains: 'then stop' }, say: 'went on' },
  ]);
  const run = await gatehouse.start({ agent });
  const [approval] = await run.approvals();
  await run.question();
  expect(await run.decide(decisionOn(approval!, 'approve', { by: 'alice' }))).toEqual({
    accepted: false,
    reason: expect.stringMatching(/^this approval is already settled: nobody decided in time at 20\d\d-/),
  });
  await run.answerNext('then stop');
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'went on' });
  expect(await run.events()).toContainEqual(
    expect.objectContaining({ type: 'approval', data: expect.objectContaining({ outcome: 'expired' }) }),
  );
});

test('a question that nobody answers tells the model so, and the run goes on', async () => {
  const agent = await gatehouse.agent({}, [
    { calls: [call('ask-user', { question: 'Anybody?' })] },
    { expect: { kind: 'answered', contains: 'nobody answered within 24 hours' }, say: 'went on' },
  ]);
  const run = await gatehouse.start({ agent });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'went on' });
  expect((await run.outcomes())[0]).toMatchObject({ answeredBy: null });
});

test('an expiry that cannot be recorded at once is recorded when the database is back', async () => {
  const agent = await gatehouse.agent({}, [
    { calls: [call('ask-user', { question: 'Anybody?' })] },
    { say: 'went on' },
  ]);
  const run = await gatehouse.start({ agent });
  await run.question();
  await gatehouse.refuseDatabase(true);
  await run.pendingActivity('recordExpiry');
  await gatehouse.refuseDatabase(false);
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'went on' });
  expect(await run.events()).toContainEqual(
    expect.objectContaining({ type: 'answer', data: expect.objectContaining({ outcome: 'timed-out' }) }),
  );
});
