import type { ApprovalDecision } from '../../src/domain/approval';
import { type Harness, startHarness } from '../support/run-harness';
import { call, DEPLOY_TOOL } from '../support/scripted-agent';
import { decisionOn, type TestRun } from '../support/test-run';
import { waitUntil } from '../support/wait-until';

let gatehouse: Harness;
/** Deploys, and says what came of it. */
let deployer: string;
let asker: string;
beforeAll(async () => {
  gatehouse = await startHarness();
  deployer = await gatehouse.agent({ tier: 'PROD_GATED', tools: [DEPLOY_TOOL] }, [
    { calls: [call('deploy', { to: 'production' })] },
    {
      capture: { outcome: { from: 'deploy', pattern: '([^]*)' } },
      say: 'came to: {{outcome}}',
    },
  ]);
  asker = await gatehouse.agent({}, [
    { calls: [call('ask-user', { question: 'Which one?', options: ['red', 'blue'] })] },
    { capture: { answer: { from: 'ask-user', pattern: '([^]*)' } }, say: 'answer: {{answer}}' },
  ]);
});
afterAll(() => gatehouse.close());

const deploying = () => gatehouse.start({ agent: deployer });
const asking = () => gatehouse.start({ agent: asker });

async function waitsForADay(run: TestRun): Promise<void> {
  const timers = (await run.history()).flatMap((event) => event.timerStartedEventAttributes ?? []);
  const seconds = timers.map(({ startToFireTimeout }) => Number(startToFireTimeout?.seconds));
  expect(seconds.filter((each) => each > 3_600)).toEqual([86_400]);
}

describe('an approval', () => {
  test('waits on a durable timer of 24 hours, and what was approved runs as it was shown', async () => {
    const run = await deploying();
    const [approval] = await run.approvals();
    expect(approval).toMatchObject({
      tool: 'deploy',
      args: '{"to":"production"}',
      effect: 'production',
      findings: expect.arrayContaining([expect.objectContaining({ layer: 'tier', rule: 'production' })]),
    });
    expect(approval!.expiresAt - Date.now()).toBeGreaterThan(86_000_000);
    expect(await run.status()).toMatchObject({ status: 'WAITING_APPROVAL' });
    await waitsForADay(run);
    expect(await run.decide(decisionOn(approval!, 'approve', { by: 'alice' }))).toEqual({
      accepted: true,
      status: 'approved',
    });
    expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'came to: {"to":"production"}' });
    // That of the wait, and that of the next reminder.
    expect((await run.history()).filter(({ type }) => type === 'timerCanceled')).toHaveLength(2);
  });

  test('that is denied gives the model who and why', async () => {
    const run = await deploying();
    await run.denyNext('the window is closed');
    expect(await run.outcome()).toMatchObject({ text: 'came to: denied by alice: the window is closed' });
  });

  test('with edited arguments is gated again, shown again, and runs as edited', async () => {
    const run = await deploying();
    const [first] = await run.approvals();
    const edit = decisionOn(first!, 'approve', { by: 'alice', args: { to: 'staging' } });
    expect(await run.decide(edit)).toEqual({ accepted: true, status: 'edited' });
    await waitUntil(async () => (await run.approvals())[0]!.id !== first!.id, 'the edited call is shown');
    const second = await run.approveNext('bob');
    expect(second.args).toBe('{"to":"staging"}');
    expect(await run.outcome()).toMatchObject({ text: 'came to: {"to":"staging"}' });
  });

  test('with arguments edited into something that policy refuses is refused', async () => {
    const run = await deploying();
    const [first] = await run.approvals();
    await run.decide(decisionOn(first!, 'approve', { by: 'alice', args: { to: 'staging', force: true } }));
    expect(await run.outcome()).toMatchObject({
      status: 'COMPLETED',
      text: expect.stringContaining('refused by policy'),
    });
  });
});

describe('a decision', () => {
  test('that does not fit is refused with a reason, and the run goes on waiting', async () => {
    const [run, other] = await Promise.all([deploying(), deploying()]);
    const [approval] = await run.approvals();
    const [foreign] = await other.approvals();
    const approve = (more: Record<string, unknown>) =>
      run.decide({ ...decisionOn(approval!, 'approve', { by: 'alice' }), ...more });
    const refusals: [unknown, string][] = [
      [{ actionHash: 'another' }, '`actionHash` is not that of this approval; look at `pending` again'],
      [{ approvalId: foreign!.id }, `no approval \`${foreign!.id}\` in this run`],
      [{ decision: 'maybe' }, '`decision` must be `approve` or `deny`'],
      [{ approvalId: 7 }, 'a decision needs `approvalId`, `decision` and `actionHash`'],
      [{ by: 7 }, '`by`, `reason` and `signature` must be text'],
      [{ reason: { nested: true } }, '`by`, `reason` and `signature` must be text'],
      [{ decision: 'deny', args: { to: 'x' } }, 'edited arguments go with `approve`, not with `deny`'],
    ];
    for (const [more, reason] of refusals)
      expect(await approve(more as Record<string, unknown>)).toEqual({ accepted: false, reason });
    for (const malformed of [null, 'approve', []])
      expect(await run.decide(malformed)).toMatchObject({ accepted: false });
    expect(await run.status()).toMatchObject({ status: 'WAITING_APPROVAL' });
    await run.approveNext();
    expect(await run.outcome()).toMatchObject({ status: 'COMPLETED' });
    await other.handle.cancel();
  });

  test('that is said again gets the same receipt; another one is refused', async () => {
    const agent = await gatehouse.agent({ tier: 'PROD_GATED', tools: [DEPLOY_TOOL] }, [
      { calls: [call('deploy', { to: 'a' }), call('deploy', { to: 'b' })] },
      { say: 'done' },
    ]);
    const run = await gatehouse.start({ agent });
    const [, second] = await run.approvals(2);
    const decision: ApprovalDecision = decisionOn(second!, 'approve', { by: 'alice' });
    const receipt = await run.decide(decision);
    expect(receipt).toEqual({ accepted: true, status: 'approved' });
    expect(await run.decide(decision)).toEqual(receipt);
    expect(await run.decide({ ...decision, decision: 'deny' })).toEqual({
      accepted: false,
      reason: expect.stringMatching(/^this approval is already settled: approved by `alice` at 20\d\d-/),
    });
    await run.approveNext();
    expect(await run.outcome()).toMatchObject({ status: 'COMPLETED' });
  });

  test('counts when it comes as a signal, also after more invalid ones than are counted', async () => {
    const run = await deploying();
    const [approval] = await run.approvals();
    const good = decisionOn(approval!, 'approve', { by: 'alice' });
    const malformed = [
      undefined,
      null,
      7,
      'approve',
      [],
      {},
      { ...good, by: 7 },
      { ...good, actionHash: 'x' },
    ];
    for (let sent = 0; sent < 100; sent++)
      await run.handle.signal(sent % 2 ? 'decide' : 'answer', malformed[sent % malformed.length]);
    await waitUntil(async () => (await run.usage()).invalidSignals === 100, '100 invalid signals counted');
    await run.handle.signal('pause', { by: 7 });
    await run.handle.signal('topUp', null);
    await run.handle.signal('decide', { ...good, actionHash: 'x' });
    expect(await run.usage()).toMatchObject({ invalidSignals: 100 });
    expect((await run.pending()).approvals).toHaveLength(1);
    await run.handle.signal('decide', good);
    expect(await run.outcome()).toMatchObject({ status: 'COMPLETED' });
  });

  test('without a signature counts nowhere in an organization that requires them', async () => {
    await gatehouse.organizations.create({ id: 'strict', name: 'Strict', signatures: 'REQUIRED' });
    const agent = await gatehouse.agent(
      { tier: 'PROD_GATED', tools: [DEPLOY_TOOL] },
      [{ calls: [call('deploy', { to: 'production' })] }, { say: 'never' }],
      'strict',
    );
    const run = await gatehouse.start({ agent, organizationId: 'strict' });
    const [approval] = await run.approvals();
    const unsigned = decisionOn(approval!, 'approve', { by: 'alice' });
    expect(await run.decide(unsigned)).toEqual({
      accepted: false,
      reason: 'this organization accepts signed decisions only',
    });
    expect(await run.decide({ ...unsigned, signature: 'forged' })).toEqual({
      accepted: false,
      reason: 'the signature is no signed word of a person',
    });
    await run.handle.signal('decide', unsigned);
    await waitUntil(async () => (await run.usage()).invalidSignals === 1, 'the signal was refused');
    expect(await run.status()).toMatchObject({ status: 'WAITING_APPROVAL' });
    await run.handle.cancel();
    expect(await run.outcome()).toMatchObject({ status: 'CANCELLED' });
  });
});

describe('a question', () => {
  test('waits on a durable timer of 24 hours, and the answer reaches the model', async () => {
    const run = await asking();
    const question = await run.question();
    expect(question).toMatchObject({ question: 'Which one?', options: ['red', 'blue'] });
    expect(await run.status()).toMatchObject({ status: 'WAITING_INPUT' });
    await waitsForADay(run);
    await run.answerNext('blue');
    expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'answer: blue' });
  });

  test('takes one answer: the same again gets the same receipt, another is refused', async () => {
    const agent = await gatehouse.agent({}, [
      { calls: [call('ask-user', { question: 'First?' }), call('ask-user', { question: 'Second?' })] },
      { say: 'done' },
    ]);
    const run = await gatehouse.start({ agent });
    await run.question();
    const second = (await run.pending()).questions[1]!;
    const answer = { questionId: second.id, answer: 'yes', by: 'alice' };
    expect(await run.answer(answer)).toEqual({ accepted: true, status: 'answered' });
    expect(await run.answer(answer)).toEqual({ accepted: true, status: 'answered' });
    expect(await run.answer({ ...answer, answer: 'no' })).toEqual({
      accepted: false,
      reason: expect.stringMatching(/^this question is already settled: answered by `alice` at 20\d\d-/),
    });
    const first = { questionId: (await run.question()).id, answer: 'no' };
    const refusals: [unknown, string][] = [
      [{ ...first, questionId: 'que-other' }, 'no question `que-other` in this run'],
      [{ ...first, answer: ' ' }, 'an answer needs some text'],
      [{ ...first, answer: 7 }, 'an answer needs `questionId` and `answer`, both text'],
      [{ ...first, by: {} }, '`by` must be text'],
    ];
    for (const [wrong, reason] of refusals)
      expect(await run.answer(wrong)).toEqual({ accepted: false, reason });
    expect(
      await run.answer({ ...first, answer: 'with a zero \u0000 byte', by: 'al\u0000ice' }),
    ).toMatchObject({
      accepted: true,
    });
    expect(await run.outcome()).toMatchObject({ status: 'COMPLETED' });
  });
});
