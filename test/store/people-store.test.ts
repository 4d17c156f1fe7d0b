import { makeKey } from '../../src/broker/keys';
import { BudgetTracker } from '../../src/domain/budget';
import type { GateAhead } from '../../src/policy/gate-records';
import { type DecisionToRecord, MAX_REFUSED_WORDS } from '../../src/policy/people-records';
import { createApprovalStore } from '../../src/store/approval-store';
import { createAuditStore } from '../../src/store/audit-store';
import { createEventStore } from '../../src/store/event-store';
import { createGateStore } from '../../src/store/gate-store';
import { createOrganizationStore } from '../../src/store/organization-store';
import { createPeopleStore } from '../../src/store/people-store';
import { createPersonStore } from '../../src/store/person-store';
import { createQuestionStore } from '../../src/store/question-store';
import { createStandingStore } from '../../src/store/standing-store';
import { AT, gateCommit, heldApproval, openStores, type StoreFixture } from './fixture';

let stores: StoreFixture;
let count = 0;

beforeAll(async () => {
  stores = await openStores();
});

afterAll(() => stores.close());

const NOTHING_USED = new BudgetTracker(() => AT).snapshot();

async function settings(people: object): Promise<void> {
  await stores.database.client.organization.update({ where: { id: 'local' }, data: { people } });
}

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
    say: (parts: Partial<DecisionToRecord> = {}, ahead?: GateAhead) =>
      people.recordDecision(
        {
          ...address,
          approvalId: approval.id,
          actionHash: approval.actionHash,
          verdict: 'approve',
          args: null,
          reason: '',
          scope: 'once',
          roles: null,
          proof: { kind: 'none' },
          by: 'grace',
          isVerified: false,
          firstSequence: sequence++,
          at: AT,
          ...parts,
        },
        ahead,
      ),
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
  const { approvals } = await createGateStore(stores.database).load({
    ...address,
    step: 2,
    callIds: ['call-1'],
  });
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
    reason: `this approval is already settled: approved by \`grace\` at ${new Date(AT).toISOString()}`,
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
  expect(await say({ by: 'grace' })).toMatchObject({ accepted: true, outcome: null });
  expect(await say({ by: 'grace' })).toMatchObject({ accepted: true, outcome: null });
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

test('four eyes excludes who asked for the run, from approving only, and says what to do', async () => {
  await settings({ isSingleOperator: false });
  const { say } = await waiting({ fourEyes: true });
  expect(await say({ by: 'ada' })).toMatchObject({
    accepted: false,
    reason: expect.stringMatching(/asked for the run.*somebody else has to.*`isSingleOperator`/),
  });
  expect(await say({ by: 'ada', verdict: 'deny' })).toMatchObject({ accepted: true });
});

test('where one person alone works, they may approve what they asked for, and the audit says so', async () => {
  await settings({ isSingleOperator: true });
  const { say, address } = await waiting({ fourEyes: true });
  expect(await say({ by: 'ada' })).toMatchObject({ accepted: true, outcome: { kind: 'approved' } });
  const records = await createAuditStore(stores.database).list(address);
  expect(records.at(-1)).toMatchObject({ body: { by: 'ada', waived: 'four-eyes' } });
});

test('an approval that brings nothing missing is refused with what is missing', async () => {
  const { say, stored } = await waiting({ role: 'security', quorum: 2 });
  const refused = {
    accepted: false,
    reason: 'this needs 2 approvers with the role `security`, and `linus` has `dba`',
  };
  expect(await say({ by: 'linus', roles: ['dba'] })).toEqual(refused);
  expect(await say({ by: 'grace', roles: ['security', 'dba'] })).toMatchObject({
    accepted: true,
    outcome: null,
  });
  expect(await stored()).toMatchObject({
    progress: {
      votes: [{ by: 'grace' }],
      quorum: 2,
      roles: [{ role: 'security', quorum: 2, votes: 1 }],
      missing: 'an approver with the role `security`',
    },
  });
});

test('holders of the role it was escalated to stand in for a missing one, those who spoke before too', async () => {
  const { say, approval, people, address } = await waiting({ role: 'security', quorum: 2 });
  await say({ by: 'grace', roles: ['security'] });
  expect(await say({ by: 'olga', roles: ['lead'] })).toMatchObject({ accepted: false });
  const escalation = {
    ...address,
    approvalId: approval.id,
    prompt: { kind: 'escalated' as const, afterMs: 5, role: 'lead' },
    firstSequence: 500,
    at: AT,
  };
  expect(await people.recordPrompt(escalation)).toMatchObject({
    outcome: null,
    progress: { escalatedTo: 'lead' },
  });
  expect(await people.recordPrompt(escalation)).toMatchObject({ outcome: null });
  expect(await say({ by: 'olga', roles: ['lead'] })).toMatchObject({ outcome: { by: ['grace', 'olga'] } });
  const escalations = (await createAuditStore(stores.database).list(address)).filter(
    ({ key }) => key === `escalation:${approval.id}`,
  );
  expect(escalations).toMatchObject([{ body: { escalatedTo: 'lead' } }]);
  expect(await people.recordPrompt({ ...escalation, firstSequence: 504 })).toMatchObject({
    outcome: { kind: 'approved' },
  });
});

test('somebody disabled meanwhile, and a vote whose key was revoked, count no more', async () => {
  const persons = createPersonStore(stores.database);
  for (const name of ['dora', 'ken']) await persons.apply('local', { name, roles: ['approver'] }, 'ada');
  const key = await persons.addKey('local', 'ken', makeKey().publicKey, 'ada');
  const proof = { kind: 'own-key' as const, key };
  const { say } = await waiting({ quorum: 3 });
  await say({ by: 'dora' });
  await say({ by: 'ken', proof, isVerified: true });
  await persons.disable('local', 'dora', 'ada');
  await persons.revokeKey('local', key, 'ada');
  expect(await say({ by: 'grace' })).toMatchObject({ outcome: null, progress: { votes: [{ by: 'grace' }] } });
  const again = { ...proof, key: await persons.addKey('local', 'ken', makeKey().publicKey, 'ada') };
  expect(await say({ by: 'ken', proof: again, isVerified: true })).toMatchObject({ outcome: null });
  expect(await say({ by: 'linus' })).toMatchObject({ outcome: { by: ['grace', 'ken', 'linus'] } });
});

test('an approval for the rest of the run is remembered, listed and revoked once', async () => {
  const { say, address, approval, people } = await waiting();
  const standing = createStandingStore(stores.database);
  await say({ scope: 'run' });
  expect(await standing.list(address)).toMatchObject([
    { approvalId: approval.id, by: ['grace'], revokedAt: null, action: { args: approval.args } },
  ]);
  const gates = createGateStore(stores.database);
  expect((await gates.load({ ...address, step: 2, callIds: ['call-1'] })).standing).toHaveLength(1);
  const revocation = {
    ...address,
    approvalId: approval.id,
    by: 'linus',
    isVerified: false,
    firstSequence: 600,
    at: AT,
  };
  expect(await people.recordRevocation({ ...revocation, approvalId: 'apr-none' })).toMatchObject({
    accepted: false,
  });
  expect(await people.recordRevocation(revocation)).toEqual({ accepted: true });
  expect(await people.recordRevocation(revocation)).toEqual({ accepted: true });
  expect(await people.recordRevocation({ ...revocation, by: 'grace' })).toMatchObject({
    reason: expect.stringContaining('revoked already, by `linus`'),
  });
  expect((await gates.load({ ...address, step: 2, callIds: ['call-1'] })).standing).toEqual([]);
  expect(await standing.list(address)).toMatchObject([{ revokedBy: 'linus', revokedAt: AT }]);
});

test('an approval for the rest of the run dies with whoever gave it, and needs all of them to say so', async () => {
  const persons = createPersonStore(stores.database);
  await persons.apply('local', { name: 'sam', roles: ['approver'] }, 'ada');
  const { say, address } = await waiting();
  await say({ by: 'sam', scope: 'run' });
  await persons.disable('local', 'sam', 'ada');
  expect(
    (await createGateStore(stores.database).load({ ...address, step: 2, callIds: ['call-1'] })).standing,
  ).toEqual([]);
  const both = await waiting({ quorum: 2 });
  await both.say({ scope: 'run' });
  expect(await both.say({ by: 'linus' })).toMatchObject({
    outcome: { kind: 'approved', by: ['grace', 'linus'] },
  });
  expect(await createStandingStore(stores.database).list(both.address)).toEqual([]);
});

describe('a gate that is asked ahead', () => {
  /** Judges the second step, as of when it is asked. */
  function ahead(run: Awaited<ReturnType<typeof waiting>>) {
    const gates = createGateStore(stores.database);
    const { runId } = run.address;
    const answer = { calls: [], grant: null, halt: null };
    const asked = jest.fn<ReturnType<GateAhead>, Parameters<GateAhead>>(async () => {
      const { auditHead } = await gates.load({ ...run.address, step: 2, callIds: ['call-1'] });
      const commit = gateCommit(runId, stores.snapshot, { step: 2, firstSequence: 500, auditHead });
      return { commit, answer: () => answer };
    });
    const decided = async () => (await gates.load({ ...run.address, step: 2, callIds: ['call-1'] })).recorded;
    return { asked, answer, decided };
  }

  test('is written together with the vote that approves, which comes first in the audit', async () => {
    const run = await waiting();
    const { asked, answer, decided } = ahead(run);
    expect(await run.say({}, asked)).toEqual({
      accepted: true,
      outcome: { kind: 'approved', by: ['grace'] },
      gated: answer,
    });
    expect(await run.stored()).toMatchObject({ status: 'approved' });
    expect(await decided()).toHaveLength(1);
    const audit = createAuditStore(stores.database);
    expect((await audit.list(run.address)).map(({ kind }) => kind)).toEqual([
      'decision',
      'approval',
      'decision',
    ]);
    expect(await audit.verifyChain(run.address)).toMatchObject({ ok: true });
    expect((await createEventStore(stores.database).list(run.address, 99)).map(({ type }) => type)).toEqual([
      'approval',
      'status',
    ]);
  });

  test('leaves the vote alone when something else was said about the run meanwhile', async () => {
    const run = await waiting();
    const { asked, decided } = ahead(run);
    const meanwhile: GateAhead = async (approvalId) => {
      const judged = await asked(approvalId);
      await run.people.recordAnswer({
        ...run.address,
        ...{ questionId: run.questionId, answer: 'that one', by: 'ada', isVerified: false },
        ...{ firstSequence: 700, at: AT },
      });
      return judged;
    };
    expect(await run.say({}, meanwhile)).toEqual({
      accepted: true,
      outcome: { kind: 'approved', by: ['grace'] },
    });
    expect(await decided()).toBeNull();
  });

  test('that fails leaves the vote alone', async () => {
    const run = await waiting();
    const { decided } = ahead(run);
    expect(await run.say({}, async () => null)).toMatchObject({ outcome: { kind: 'approved' } });
    expect(await decided()).toBeNull();
  });

  test('is not asked for a vote that does not settle it, denies, or approves for the rest of the run', async () => {
    for (const [finding, vote] of [
      [{ quorum: 2 }, {}],
      [{}, { verdict: 'deny', reason: 'no' }],
      [{}, { scope: 'run' }],
      [{}, { actionHash: 'f'.repeat(64) }],
    ] as const) {
      const run = await waiting(finding);
      const { asked } = ahead(run);
      await run.say(vote, asked);
      expect(asked).not.toHaveBeenCalled();
    }
  });
});

test('refused words are audited, and cannot fill the chain', async () => {
  const { address, people } = await waiting();
  for (let sent = 0; sent < MAX_REFUSED_WORDS + 5; sent++)
    await people.recordRefusal({
      ...address,
      what: 'decision',
      id: 'apr-1',
      claimedBy: 'grace',
      code: 'signature-required',
      reason: 'not signed',
      firstSequence: 1_000 + sent,
      at: AT,
    });
  const kinds = (await createAuditStore(stores.database).list(address)).map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === 'refused-word')).toHaveLength(MAX_REFUSED_WORDS);
  const events = await createEventStore(stores.database).list(address, 999);
  expect(events).toHaveLength(MAX_REFUSED_WORDS);
  expect(events[0]).toMatchObject({ type: 'refused-word', data: { what: 'decision', claimedBy: 'grace' } });
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
  const answer = {
    ...address,
    questionId,
    answer: 'the bucket',
    by: 'grace',
    isVerified: false,
    firstSequence: 200,
    at: AT,
  };
  const outcome = { kind: 'answered', answer: 'the bucket', by: 'grace' };
  expect(await people.recordAnswer(answer)).toEqual({ accepted: true, outcome });
  expect(await people.recordAnswer(answer)).toEqual({ accepted: true, outcome });
  expect(await people.recordAnswer({ ...answer, answer: 'the database' })).toEqual({
    accepted: false,
    reason: `this question is already settled: answered by \`grace\` at ${new Date(AT).toISOString()}`,
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
  expect(await say()).toEqual({
    accepted: false,
    reason: `this approval is already settled: nobody decided in time at ${new Date(AT).toISOString()}`,
  });
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

test('a top-up is remembered, answers an approval that waits for one, and counts once when signed', async () => {
  const { address, people } = await waiting();
  const asked = await people.openTopUp({
    ...address,
    snapshot: stores.snapshot,
    limit: 'maxTurns',
    message: 'Max turns reached',
    budget: { maxTurns: 10 },
    usage: { ...NOTHING_USED, turns: 10 },
    expiresAt: AT + 1,
    firstSequence: 390,
    at: AT,
  });
  expect(asked).toMatchObject({ tool: 'top-up', args: '{"maxTurns":10}' });
  const topUp = {
    ...address,
    budget: { maxTurns: 5 },
    by: 'grace',
    isVerified: true,
    word: 'a'.repeat(64),
    firstSequence: 400,
    at: AT,
  };
  const counted = { accepted: true, budget: { maxTurns: 5 }, by: 'grace', settled: [asked.id] };
  expect(await people.recordTopUp(topUp)).toEqual(counted);
  expect(await people.recordTopUp(topUp)).toEqual(counted);
  expect(await people.recordTopUp({ ...topUp, firstSequence: 404 })).toMatchObject({ accepted: false });
  expect((await createAuditStore(stores.database).list(address)).at(-1)).toMatchObject({
    kind: 'top-up',
    body: { budget: { maxTurns: 5 }, by: 'grace' },
  });
  expect(await createApprovalStore(stores.database).get('local', asked.id)).toMatchObject({
    outcome: { kind: 'edited', by: 'grace', args: '{"maxTurns":5}' },
  });
});

test('signatures are required unless an organization says otherwise', async () => {
  const people = createPeopleStore(stores.database);
  await createOrganizationStore(stores.database).create({ id: 'strict', name: 'Strict' });
  expect(await people.requiresSignatures('local')).toBe(false);
  expect(await people.requiresSignatures('strict')).toBe(true);
  expect(await people.requiresSignatures('nobody')).toBe(true);
});
