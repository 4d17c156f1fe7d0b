import type { DecisionToRecord } from '../../src/policy/people-records';
import { createApprovalStore } from '../../src/store/approval-store';
import { createAuditStore } from '../../src/store/audit-store';
import { createEventStore } from '../../src/store/event-store';
import { createGateStore } from '../../src/store/gate-store';
import { createOrganizationStore } from '../../src/store/organization-store';
import { createPeopleStore } from '../../src/store/people-store';
import { createQuestionStore } from '../../src/store/question-store';
import { AT, gateCommit, heldApproval, openStores, type StoreFixture } from './fixture';

let stores: StoreFixture;
let count = 0;

beforeAll(async () => {
  stores = await openStores();
});

afterAll(() => stores.close());

/** A run with one held call and one question. */
async function waiting(finding: Parameters<typeof heldApproval>[2] = {}) {
  const runId = `people-${++count}`;
  const address = await stores.startRun(runId);
  const approval = heldApproval(`apr-${runId}`, stores.snapshot, finding);
  const questionId = `que-${runId}`;
  await createGateStore(stores.database).commit(
    gateCommit(runId, stores.snapshot, {
      approvals: [approval],
      questions: [{ id: questionId, callId: 'call-1', question: 'which?', options: [], expiresAt: AT }],
    }),
  );
  let sequence = 100;
  const people = createPeopleStore(stores.database);
  return {
    address,
    approval,
    questionId,
    people,
    say: (parts: Partial<DecisionToRecord> = {}) =>
      people.recordDecision({
        ...address,
        approvalId: approval.id,
        actionHash: approval.actionHash,
        verdict: 'approve',
        args: null,
        reason: '',
        by: 'grace',
        isVerified: false,
        firstSequence: sequence++,
        at: AT,
        ...parts,
      }),
    stored: () => createApprovalStore(stores.database).get('local', approval.id),
  };
}

test('one approve settles an approval, with event and audit record', async () => {
  const { address, approval, say, stored } = await waiting();
  expect(await say({ reason: 'looks right' })).toEqual({
    accepted: true,
    outcome: { kind: 'approved', by: ['grace'] },
  });
  expect(await stored()).toMatchObject({ status: 'approved', outcome: { kind: 'approved', by: ['grace'] } });
  const { approvals } = await createGateStore(stores.database).load({ ...address, step: 2 });
  expect(approvals).toMatchObject([{ id: approval.id, isGiven: true }]);
  expect(await createEventStore(stores.database).list(address, 99)).toMatchObject([
    {
      type: 'approval',
      data: { approvalId: approval.id, outcome: 'approved', by: ['grace'], reason: 'looks right' },
    },
  ]);
  const records = await createAuditStore(stores.database).list(address);
  expect(records.at(-1)).toMatchObject({ kind: 'approval', body: { by: 'grace', isVerified: false } });
  expect(await createAuditStore(stores.database).verifyChain(address)).toMatchObject({ ok: true });
});

test('the same word again gets the same answer; another is refused', async () => {
  const { address, say } = await waiting();
  const first = await say();
  expect(await say()).toEqual(first);
  expect(await say({ verdict: 'deny' })).toEqual({
    accepted: false,
    reason: 'this approval is already settled: approved',
  });
  expect(await say({ by: 'linus' })).toMatchObject({ accepted: false });
  expect(await createAuditStore(stores.database).list(address)).toHaveLength(2);
});

test('of two who decide at once, one settles and the other is refused', async () => {
  const { say } = await waiting();
  const answers = await Promise.all([say({ by: 'grace' }), say({ by: 'linus', verdict: 'deny' })]);
  expect(answers.map((answer) => answer.accepted).sort()).toEqual([false, true]);
});

test('a decision for another action, run or approval does not count', async () => {
  const { say } = await waiting();
  const other = await waiting();
  expect(await say({ actionHash: 'f00d' })).toMatchObject({ accepted: false });
  expect(await say({ ...other.address })).toMatchObject({ accepted: false });
  expect(await say({ approvalId: 'apr-none' })).toMatchObject({ accepted: false });
});

test('a quorum counts distinct people, and one deny is enough', async () => {
  const { say } = await waiting({ quorum: 2 });
  expect(await say({ by: 'grace' })).toEqual({ accepted: true, outcome: null });
  expect(await say({ by: 'grace' })).toEqual({ accepted: true, outcome: null });
  expect(await say({ by: 'grace', args: '{"title":"other"}' })).toMatchObject({ accepted: false });
  expect(await say({ by: 'linus' })).toEqual({
    accepted: true,
    outcome: { kind: 'approved', by: ['grace', 'linus'] },
  });
  const denied = await waiting({ quorum: 2 });
  await denied.say({ by: 'grace' });
  expect(await denied.say({ by: 'linus', verdict: 'deny', reason: 'no' })).toEqual({
    accepted: true,
    outcome: { kind: 'denied', by: 'linus', reason: 'no' },
  });
});

test('four eyes excludes who asked for the run, from approving only', async () => {
  const { say } = await waiting({ fourEyes: true });
  expect(await say({ by: 'ada' })).toMatchObject({
    accepted: false,
    reason: expect.stringMatching(/asked for/),
  });
  expect(await say({ by: 'ada', verdict: 'deny' })).toMatchObject({ accepted: true });
});

test('a role that nothing proves approves nothing where decisions are signed', async () => {
  const { say } = await waiting({ role: 'security' });
  const { organization } = stores.database.client;
  await organization.update({ where: { id: 'local' }, data: { signatures: 'REQUIRED' } });
  try {
    expect(await say()).toMatchObject({ accepted: false, reason: expect.stringContaining('`security`') });
  } finally {
    await organization.update({ where: { id: 'local' }, data: { signatures: 'OPTIONAL' } });
  }
});

test('where nobody has keys, who decides is believed to have the role, and recorded as unverified', async () => {
  const { say, address } = await waiting({ role: 'security' });
  expect(await say()).toMatchObject({ accepted: true, outcome: { kind: 'approved' } });
  const records = await createAuditStore(stores.database).list(address);
  expect(JSON.stringify(records)).toContain('isVerified');
});

test('edited arguments settle as edited; the same arguments are a plain approve', async () => {
  const edited = await waiting();
  expect(await edited.say({ args: '{"title":"other"}' })).toEqual({
    accepted: true,
    outcome: { kind: 'edited', by: 'grace', args: '{"title":"other"}' },
  });
  const same = await waiting();
  expect(await same.say({ args: same.approval.args })).toMatchObject({ outcome: { kind: 'approved' } });
});

test('an answer is recorded once', async () => {
  const { address, questionId, people } = await waiting();
  const answer = { ...address, questionId, answer: 'the bucket', by: 'grace', firstSequence: 200, at: AT };
  const outcome = { kind: 'answered', answer: 'the bucket', by: 'grace' };
  expect(await people.recordAnswer(answer)).toEqual({ accepted: true, outcome });
  expect(await people.recordAnswer(answer)).toEqual({ accepted: true, outcome });
  expect(await people.recordAnswer({ ...answer, answer: 'the database' })).toEqual({
    accepted: false,
    reason: 'this question is already settled: answered',
  });
  expect(await people.recordAnswer({ ...answer, questionId: 'que-none' })).toMatchObject({ accepted: false });
  expect(await createQuestionStore(stores.database).get('local', questionId)).toMatchObject({ outcome });
});

test('what expired is settled, and what was settled does not expire', async () => {
  const { address, approval, questionId, people, say, stored } = await waiting();
  const expiry = { ...address, firstSequence: 300, waitedMs: 5, at: AT };
  await people.recordExpiry({ ...expiry, kind: 'approval', id: approval.id });
  await people.recordExpiry({ ...expiry, kind: 'approval', id: approval.id });
  await people.recordExpiry({ ...expiry, firstSequence: 304, kind: 'question', id: questionId });
  expect(await stored()).toMatchObject({ status: 'expired', outcome: { kind: 'expired', waitedMs: 5 } });
  expect(await say()).toEqual({ accepted: false, reason: 'this approval is already settled: expired' });
  expect(await createQuestionStore(stores.database).listPending('local', address.runId)).toEqual([]);
  const settled = await waiting();
  await settled.say();
  await settled.people.recordExpiry({
    ...expiry,
    ...settled.address,
    kind: 'approval',
    id: settled.approval.id,
  });
  expect(await settled.stored()).toMatchObject({ status: 'approved' });
});

test('a top-up is remembered', async () => {
  const { address, people } = await waiting();
  await people.recordTopUp({
    ...address,
    budget: { maxTurns: 5 },
    by: 'grace',
    isVerified: false,
    firstSequence: 400,
    at: AT,
  });
  expect((await createAuditStore(stores.database).list(address)).at(-1)).toMatchObject({
    kind: 'top-up',
    body: { budget: { maxTurns: 5 }, by: 'grace' },
  });
});

test('signatures are required unless an organization says otherwise', async () => {
  const people = createPeopleStore(stores.database);
  await createOrganizationStore(stores.database).create({ id: 'strict', name: 'Strict' });
  expect(await people.requiresSignatures('local')).toBe(false);
  expect(await people.requiresSignatures('strict')).toBe(true);
  expect(await people.requiresSignatures('nobody')).toBe(true);
});
