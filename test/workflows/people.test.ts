import { decisionWord } from '../../src/identity/words';
import { createAuditStore } from '../../src/store/audit-store';
import { createPersonStore } from '../../src/store/person-store';
import { createPolicyStore } from '../../src/store/policy-store';
import { type Harness, startHarness } from '../support/run-harness';
import { call, DEPLOY_TOOL } from '../support/scripted-agent';
import { type SignedPeople, signedPeople } from '../support/signed-people';
import { decisionOn } from '../support/test-run';
import { waitUntil } from '../support/wait-until';

const SIGN_OFF = `## Releases
- Two people release, one of them of the SREs

\`\`\`cedar
@id("sign-off") @ask("two people release") @role("sre") @fourEyes
forbid (principal, action == Action::"deploy", resource);
@id("two") @ask("two people release") @quorum("2")
forbid (principal, action == Action::"deploy", resource);
\`\`\`
`;

let gatehouse: Harness;
let people: SignedPeople;
beforeAll(async () => {
  gatehouse = await startHarness();
  people = await signedPeople(gatehouse, 'acme', {
    alice: ['approver', 'sre'],
    bob: ['approver'],
    cyd: ['approver'],
    rita: ['approver', 'sre'],
    gone: ['approver'],
    olga: ['operator'],
  });
});
afterAll(async () => {
  await people?.close();
  await gatehouse.close();
});

const production = { tier: 'PROD_GATED', tools: [DEPLOY_TOOL] };
const deploy = { calls: [call('deploy', { to: 'production' })] };
const destructive = call('run-command', { command: 'rm -rf build' });

async function starts(definition: object, turns: object[], organizationId = 'acme') {
  const agent = await gatehouse.agent({ ...definition }, turns as never, organizationId);
  return gatehouse.start({ agent, organizationId });
}
const audit = (runId: string, organizationId = 'acme') =>
  createAuditStore(gatehouse.database).list({ runId, organizationId });

test('signed decisions of the right people count together: roles, a quorum and four eyes', async () => {
  const policies = createPolicyStore(gatehouse.database);
  await policies.publish('acme', { name: 'Releases', version: 1, content: SIGN_OFF }, 'test');
  const run = await starts(production, [deploy, { say: 'done' }]);
  const [shown] = await run.approvals();
  expect(shown!.progress).toMatchObject({ quorum: 2, roles: [{ role: 'sre' }], fourEyes: true });
  const approvalId = shown!.id;
  const approve = (name: string) => people.as(name).decide({ approvalId, decision: 'approve' });
  await expect(approve('rita')).rejects.toThrow(/`rita` asked for the run and cannot approve this/);
  await expect(approve('olga')).rejects.toThrow(/has no role that may say this; `approver` is one/);
  expect(await approve('bob')).toMatchObject({ status: 'waiting for more approvers' });
  await expect(approve('cyd')).rejects.toThrow(
    'this needs an approver with the role `sre`, and `cyd` has `approver`',
  );
  expect((await run.pending()).approvals[0]!.progress).toMatchObject({
    votes: [{ by: 'bob', isVerified: true }],
    missing: 'an approver with the role `sre`',
  });
  await expect(
    people.as('alice').decide({ approvalId, decision: 'approve', by: 'bob' }),
  ).rejects.toMatchObject({ code: 'speaker-other' });
  expect(await approve('alice')).toMatchObject({ status: 'approved' });
  await expect(approve('cyd')).rejects.toThrow(/settled already: approved by `bob`, `alice` at 20/);
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'done' });
  const votes = (await audit(run.runId)).filter(({ kind }) => kind === 'approval');
  expect(votes).toMatchObject([
    { body: { by: 'bob', isVerified: true, roles: ['approver'], proof: { kind: 'own-key' } } },
    { body: { by: 'alice', isVerified: true, roles: ['approver', 'sre'], outcome: 'approved' } },
  ]);
  await policies.publish('acme', { name: 'Releases', version: 2, content: 'None.\n' }, 'test');
});

test('a batch is decided one by one; somebody disabled, an answer and a top-up are signed too', async () => {
  const run = await starts({ ...production, onBudget: 'topUp', budget: { maxTurns: 2 } }, [
    { calls: ['a', 'b', 'c'].map((to) => call('deploy', { to })) },
    { calls: [call('ask-user', { question: 'Which?' })] },
    { expect: { contains: 'that one' }, say: 'done' },
  ]);
  const [one, two, three] = await run.approvals(3);
  await createPersonStore(gatehouse.database).disable('acme', 'gone', 'test');
  await expect(people.as('gone').decide({ approvalId: one!.id, decision: 'approve' })).rejects.toThrow(
    'this signature belongs to no approver of the organization',
  );
  const approve = (approvalId: string) => ({ approvalId, decision: 'approve' as const });
  const deny = { approvalId: three!.id, decision: 'deny' as const, reason: 'not that one' };
  const decided = await people
    .as('alice')
    .decideMany([approve(two!.id), approve('apr-none'), deny, approve(one!.id)]);
  expect(decided.map((each) => (each.ok ? each.status : each.code))).toEqual([
    ...['approved', 'approval-unknown', 'denied', 'approved'],
  ]);
  const question = await run.question();
  expect(await run.answer({ questionId: question.id, answer: 'none', by: 'alice' })).toMatchObject({
    accepted: false,
  });
  await people.as('olga').answer({ questionId: question.id, answer: 'that one' });
  const [asked] = await run.approvals();
  expect(asked).toMatchObject({ tool: 'top-up', args: '{"maxTurns":2}' });
  expect(await people.as('bob').topUp({ runId: run.runId, budget: { maxTurns: 1 } })).toEqual({
    status: 'topped up',
  });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'done' });
  expect((await run.outcomes()).map(({ text }) => text)).toContain('denied by alice: not that one');
});

test('what is approved for the rest of the run is not asked again, until it is revoked', async () => {
  const clean = { calls: [destructive] };
  const run = await starts({ tier: 'SANDBOX' }, [
    clean,
    { calls: [call('write-file', { path: 'new.txt', content: 'other content' })] },
    clean,
    { calls: [call('ask-user', { question: 'Go on?' })] },
    clean,
    { say: 'done' },
  ]);
  const [first] = await run.approvals();
  const approvalId = first!.id;
  await people.as('alice').decide({ approvalId, decision: 'approve', scope: 'run' });
  const question = await run.question();
  const { standing, decisions } = await people.as('bob').showRun(run.runId);
  expect(standing).toMatchObject([{ approvalId, tool: 'run-command', by: ['alice'], revokedAt: null }]);
  expect(
    decisions.filter(({ tool }) => tool === 'run-command').map(({ decision }) => decision.verdict),
  ).toEqual([...['ask', 'allow', 'allow']]);
  expect(
    (await audit(run.runId)).filter(({ body }) => (body as { standing?: string }).standing),
  ).toHaveLength(2);
  expect(await people.as('bob').revokeApproval({ approvalId })).toMatchObject({ status: 'revoked' });
  await people.as('olga').answer({ questionId: question.id, answer: 'yes' });
  const [again] = await run.approvals();
  expect(again!.id).not.toBe(approvalId);
  await people.as('alice').decide({ approvalId: again!.id, decision: 'deny', reason: 'enough' });
  expect(await run.outcome()).toMatchObject({ status: 'COMPLETED' });
  expect((await run.events()).map(({ data }) => (data as { outcome?: string }).outcome)).toContain('revoked');
});

test('a change of production, and edited arguments, are not approved for the rest of a run', async () => {
  const run = await starts(production, [deploy, { say: 'done' }]);
  const [{ id: approvalId } = { id: '' }] = await run.approvals();
  const forRun = (args?: unknown) =>
    people.as('alice').decide({ approvalId, decision: 'approve', scope: 'run', args });
  await expect(forRun()).rejects.toThrow(/a change of production is approved each time/);
  await expect(forRun({ to: 'staging' })).rejects.toThrow(/edited arguments are decided again/);
  const edited = await people
    .as('alice')
    .decide({ approvalId, decision: 'approve', args: { to: 'staging' } });
  expect(edited).toMatchObject({ status: 'edited' });
  expect((await audit(run.runId)).find(({ kind }) => kind === 'approval')).toMatchObject({
    body: { by: 'alice', args: '{"to":"staging"}', editedFrom: '{"to":"production"}' },
  });
  await run.handle.cancel();
});

test('people are reminded, others may decide after an escalation, and a pause stops all timers', async () => {
  const settings = { remindAfterMs: [400], escalation: { afterMs: 2_500, role: 'lead' } };
  const slow = await signedPeople(
    gatehouse,
    'slow',
    { bob: ['approver'], lena: ['approver', 'lead'] },
    settings,
  );
  try {
    const policies = createPolicyStore(gatehouse.database);
    await policies.publish(
      'slow',
      { name: 'Releases', version: 1, content: SIGN_OFF.replace(/@id\("two"\)[^;]*;\n/, '') },
      'test',
    );
    const run = await starts(production, [deploy, { say: 'done' }], 'slow');
    const [{ id: approvalId } = { id: '' }] = await run.approvals();
    const approve = (name: string) => slow.as(name).decide({ approvalId, decision: 'approve' });
    const prompts = async () =>
      (await run.events()).flatMap(({ type, data }) => (type === 'approval' ? [data.outcome] : []));
    await waitUntil(async () => (await prompts()).includes('reminder'), 'people are reminded');
    await expect(approve('lena')).rejects.toThrow(/this needs an approver with the role `sre`/);
    await run.handle.signal('pause', { by: 'olga', reason: 'lunch' });
    await run.reaches('PAUSED');
    const startedTimers = async () =>
      (await run.history()).flatMap(({ timerStartedEventAttributes: timer }) => timer ?? []);
    const before = (await startedTimers()).length;
    await run.handle.signal('resume', { by: 'olga', reason: 'back' });
    await run.reaches('WAITING_APPROVAL');
    await waitUntil(async () => (await startedTimers()).length === before + 2, 'both timers go on');
    const [wait] = (await startedTimers())
      .slice(-2)
      .map((timer) => Number(timer.startToFireTimeout?.seconds));
    expect(wait).toBeGreaterThan(86_000);
    await waitUntil(async () => (await prompts()).includes('escalated'), 'it is escalated');
    expect((await run.pending()).approvals[0]!.progress).toMatchObject({ escalatedTo: 'lead' });
    expect(await approve('lena')).toMatchObject({ status: 'approved' });
    expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'done' });
    expect(await prompts()).toEqual(['pending', 'reminder', 'escalated', 'approved']);
    expect(await audit(run.runId, 'slow')).toContainEqual(
      expect.objectContaining({
        key: `escalation:${approvalId}`,
        body: expect.objectContaining({ escalatedTo: 'lead' }),
      }),
    );
  } finally {
    await slow.close();
  }
});

test('a signed decision counts as a plain signal too', async () => {
  const run = await starts(production, [deploy, { say: 'done' }]);
  const [approval] = await run.approvals();
  const decision = decisionOn(approval!, 'approve');
  const signature = people
    .signer('bob')
    .sign(decisionWord({ organizationId: 'acme', runId: run.runId }, decision));
  await run.handle.signal('decide', { ...decision, signature });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'done' });
  expect((await audit(run.runId)).find(({ kind }) => kind === 'approval')).toMatchObject({
    body: { by: 'bob' },
  });
});
