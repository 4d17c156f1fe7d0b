import { join } from 'node:path';
import { loadKey, makeKey } from '../../src/broker/keys';
import type { ApprovalDecision } from '../../src/domain/approval';
import { personSigner, vouchingSigner, type WordSigner } from '../../src/identity/word-signer';
import { answerWord, decisionWord, topUpWord } from '../../src/identity/words';
import { createAuditStore } from '../../src/store/audit-store';
import { type Harness, startHarness } from '../support/run-harness';
import { call, DEPLOY_TOOL } from '../support/scripted-agent';
import { type SignedPeople, signedPeople } from '../support/signed-people';
import { decisionOn, scheduled, type TestRun } from '../support/test-run';
import { waitUntil } from '../support/wait-until';

/**
 * What a model, a runner or a sandbox could try that has taken over its process and the whole of Temporal: any signal
 * and update, every history, its own keys.
 */
let gatehouse: Harness;
let people: SignedPeople;
beforeAll(async () => {
  gatehouse = await startHarness();
  people = await signedPeople(gatehouse, 'acme', { alice: ['approver'] });
});
afterAll(async () => {
  await people?.close();
  await gatehouse.close();
});

const deploy = { calls: [call('deploy', { to: 'production' })] };

async function startsHeld(turns: object[] = [deploy, { say: 'never' }], more: object = {}) {
  const definition = { tier: 'PROD_GATED', tools: [DEPLOY_TOOL], ...more };
  const agent = await gatehouse.agent(definition, turns as never, 'acme');
  return gatehouse.start({ agent, organizationId: 'acme', requestedBy: 'alice' });
}

async function refusedWords({ runId }: TestRun) {
  const records = await createAuditStore(gatehouse.database).list({ runId, organizationId: 'acme' });
  return records
    .filter(({ kind }) => kind === 'refused-word')
    .map(({ body }) => body as Record<string, unknown>);
}

test('no word approves that no approver has signed for exactly this', async () => {
  const [run, other] = await Promise.all([startsHeld(), startsHeld()]);
  const [approval] = await run.approvals();
  const [foreign] = await other.approvals();
  const place = { organizationId: 'acme', runId: run.runId };
  const decision = decisionOn(approval!, 'approve', { by: 'alice' });
  const said = (signer: WordSigner, what: ApprovalDecision = decision, where = place) =>
    signer.sign(decisionWord(where, what));
  const alice = people.signer('alice');
  const runner = loadKey(join(gatehouse.folder, 'keys/runner.jwk'));
  const sandbox = loadKey(join(gatehouse.folder, 'keys/sandbox.jwk'));
  const caller = {
    organizationId: 'acme',
    person: 'alice',
    roles: ['admin'],
    scopes: [],
    proof: 'oidc' as const,
  };
  const replayed = decisionOn(foreign!, 'approve', { by: 'alice' });
  const attempts: [string, ApprovalDecision][] = [
    ['unsigned', decision],
    ['nonsense', { ...decision, signature: 'e30.e30.e30' }],
    ['signed by the runner', { ...decision, signature: said(personSigner('alice', runner)) }],
    ['signed by the sandbox', { ...decision, signature: said(personSigner('alice', sandbox)) }],
    ['vouched for by the runner', { ...decision, signature: said(vouchingSigner(caller, runner)) }],
    ['signed by a key made on the spot', { ...decision, signature: said(personSigner('alice', makeKey())) }],
    [
      'a word of another run',
      { ...decision, signature: said(alice, replayed, { ...place, runId: other.runId }) },
    ],
    ['a word about another approval', { ...decision, signature: said(alice, replayed) }],
    ['the opposite word', { ...decision, signature: said(alice, { ...decision, decision: 'deny' }) }],
    ['a word for other arguments', { ...decision, args: { to: 'all' }, signature: said(alice) }],
    ['a word for this once', { ...decision, scope: 'run', signature: said(alice) }],
    [
      'an old word',
      {
        ...decision,
        signature: said(personSigner('alice', people.key('alice'), () => Date.now() - 3_600_000)),
      },
    ],
  ];
  for (const [name, attempt] of attempts)
    expect([name, await run.decide(attempt)]).toEqual([
      name,
      { accepted: false, reason: expect.any(String) },
    ]);
  for (const [, attempt] of attempts) await run.handle.signal('decide', attempt);
  await waitUntil(
    async () => (await run.usage()).invalidSignals === attempts.length,
    'all signals were refused',
  );
  expect(await run.status()).toMatchObject({ status: 'WAITING_APPROVAL' });
  expect((await run.pending()).approvals[0]!.progress!.votes).toEqual([]);
  expect(scheduled(await run.history(), 'executeTool')).toEqual([]);
  const refused = await refusedWords(run);
  expect(refused).toHaveLength(2 * attempts.length);
  expect(refused[0]).toMatchObject({
    what: 'decision',
    id: approval!.id,
    claimedBy: 'alice',
    code: 'signature-required',
  });
  expect((await run.events()).filter(({ type }) => type === 'refused-word')).toHaveLength(refused.length);
  // And the approver's own word still counts.
  await people.as('alice').decide({ approvalId: approval!.id, decision: 'deny', reason: 'under attack' });
  await Promise.all([run.handle.cancel(), other.handle.cancel()]);
});

test('nobody answers, tops up or revokes for people either, and a signed top-up counts once', async () => {
  const run = await startsHeld([{ calls: [call('ask-user', { question: 'Go on?' })] }, { say: 'done' }], {
    onBudget: 'topUp',
    budget: { maxTurns: 1 },
  });
  const place = { organizationId: 'acme', runId: run.runId };
  const runner = personSigner('alice', loadKey(join(gatehouse.folder, 'keys/runner.jwk')));
  const { id: questionId } = await run.question();
  const answer = { questionId, answer: 'yes', by: 'alice' };
  expect(await run.answer(answer)).toMatchObject({ accepted: false });
  expect(await run.answer({ ...answer, signature: runner.sign(answerWord(place, answer)) })).toMatchObject({
    accepted: false,
  });
  await people.as('alice').answer({ questionId, answer: 'yes' });
  await run.approvals();
  const budget = { maxTurns: 1 };
  const update = (name: string, payload: object) =>
    run.handle.executeUpdate<{ accepted: boolean }, [object]>(name, { args: [payload] });
  for (const signature of [undefined, runner.sign(topUpWord(place, budget))])
    expect(await update('submitTopUp', { budget, by: 'alice', signature })).toMatchObject({
      accepted: false,
    });
  expect(await update('submitRevocation', { approvalId: 'apr-1', by: 'alice' })).toMatchObject({
    accepted: false,
  });
  const signature = people.signer('alice').sign(topUpWord(place, budget));
  expect(await update('submitTopUp', { budget: { maxTurns: 99 }, by: 'alice', signature })).toMatchObject({
    accepted: false,
  });
  const good = { budget, by: 'alice', signature };
  const twice = await Promise.all([
    update('submitTopUp', good),
    update('submitTopUp', good).catch(() => null),
  ]);
  expect(twice.filter((receipt) => receipt?.accepted)).toHaveLength(1);
  expect(await run.outcome()).toMatchObject({ status: 'COMPLETED' });
  expect(await run.usage()).toMatchObject({ budget: { maxTurns: 2 } });
  expect((await refusedWords(run)).map(({ what }) => what)).toEqual([
    ...['answer', 'answer', 'top-up', 'top-up', 'revocation', 'top-up'],
  ]);
});
