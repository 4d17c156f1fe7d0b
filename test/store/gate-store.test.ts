import { createApprovalStore } from '../../src/store/approval-store';
import { createAuditStore } from '../../src/store/audit-store';
import { createEventStore } from '../../src/store/event-store';
import { createGateStore } from '../../src/store/gate-store';
import { createOrganizationStore } from '../../src/store/organization-store';
import { createQuestionStore } from '../../src/store/question-store';
import { createRunStore } from '../../src/store/run-store';
import { AT, agent, allowed, gateCommit, heldApproval, openStores, type StoreFixture } from './fixture';

let stores: StoreFixture;

beforeAll(async () => {
  stores = await openStores();
});

afterAll(() => stores.close());

test('a gate of a new step finds the run, its organization and nothing recorded', async () => {
  const address = await stores.startRun('new');
  const load = await createGateStore(stores.database).load({ ...address, step: 1, callIds: ['call-1'] });
  expect(load).toEqual({
    agent: agent.name,
    prompt: 'fix it',
    narrow: null,
    halt: 'none',
    policyMarker: '0',
    recorded: null,
    approvals: [],
    standing: [],
    auditHead: { length: 0, hash: '' },
  });
});

test('a committed gate is all there: decisions, events, audit, status, usage', async () => {
  const address = await stores.startRun('whole');
  const gates = createGateStore(stores.database);
  const observations = [{ tool: 'address-book', text: 'ada@example.com' }];
  const record = gateCommit('whole', stores.snapshot, { observations });
  await gates.load({ ...address, step: 1, callIds: ['call-1'] });
  await gates.commit(record);
  const load = await gates.load({ ...address, step: 1, callIds: ['call-1'] });
  expect(load.recorded).toEqual([allowed('call-1', stores.snapshot)]);
  expect(await createEventStore(stores.database).list(address, -1)).toEqual([
    { type: 'status', data: { status: 'RUNNING' }, runId: 'whole', sequence: 0, at: AT },
  ]);
  expect(await createRunStore(stores.database).get('local', 'whole')).toMatchObject({
    status: 'RUNNING',
    usage: record.usage,
  });
  const decision = await stores.database.client.decisionRecord.findFirstOrThrow({
    where: { runId: 'whole' },
  });
  expect(decision).toMatchObject({
    proposed: record.calls[0]!.proposed,
    context: { turn: 1, facts: record.facts, observations },
    snapshotId: stores.snapshot,
    isGranted: true,
    verdict: 'allow',
  });
  expect(await createAuditStore(stores.database).verifyChain(address)).toMatchObject({ ok: true, length: 1 });
});

test('a gate committed again, or by two at once, changes nothing', async () => {
  const address = await stores.startRun('again');
  const gates = createGateStore(stores.database);
  const record = gateCommit('again', stores.snapshot, {
    approvals: [heldApproval('apr-again', stores.snapshot)],
    questions: [{ id: 'que-again', callId: 'call-1', question: 'which?', options: [], expiresAt: AT }],
  });
  await Promise.all([gates.commit(record), gates.commit(record)]);
  await gates.load({ ...address, step: 1, callIds: ['call-1'] });
  await gates.commit({ ...record, status: 'FAILED' });
  await createGateStore(stores.database).commit(record);
  const { client } = stores.database;
  const where = { runId: 'again' };
  expect([
    await client.decisionRecord.count({ where }),
    await client.runEvent.count({ where }),
    await client.auditRecord.count({ where }),
    await client.approval.count({ where }),
    await client.question.count({ where }),
  ]).toEqual([1, 1, 1, 1, 1]);
  expect(await createRunStore(stores.database).get('local', 'again')).toMatchObject({ status: 'RUNNING' });
});

test('another call under the same step, after a worker died between its commit and the history, is judged and recorded', async () => {
  const address = await stores.startRun('swapped');
  const gates = createGateStore(stores.database);
  await gates.commit(gateCommit('swapped', stores.snapshot));
  const load = await gates.load({ ...address, step: 1, callIds: ['call-2'] });
  expect(load.recorded).toBeNull();
  const second = gateCommit('swapped', stores.snapshot, {
    calls: [
      {
        proposed: { id: 'call-2', tool: 'list-files', args: '{}' },
        gated: allowed('call-2', stores.snapshot),
      },
    ],
    questions: [{ id: 'que-swapped', callId: 'call-2', question: 'which?', options: [], expiresAt: AT }],
  });
  await gates.commit(second);
  expect((await gates.load({ ...address, step: 1, callIds: ['call-2'] })).recorded).toEqual([
    allowed('call-2', stores.snapshot),
  ]);
  expect(await stores.database.client.question.count({ where: { runId: 'swapped' } })).toBe(1);
  expect(await createAuditStore(stores.database).verifyChain(address)).toMatchObject({ ok: true, length: 2 });
});

test('gates and people who write to one run at once leave one unbroken chain', async () => {
  const address = await stores.startRun('busy');
  const gates = createGateStore(stores.database);
  await Promise.all(
    [1, 2, 3, 4].map((step) =>
      gates.commit(gateCommit('busy', stores.snapshot, { step, firstSequence: step })),
    ),
  );
  expect(await createAuditStore(stores.database).verifyChain(address)).toMatchObject({ ok: true, length: 4 });
});

test('a stop of the organization or of the run is seen by the next gate', async () => {
  const address = await stores.startRun('stopped');
  const gates = createGateStore(stores.database);
  const organizations = createOrganizationStore(stores.database);
  await createRunStore(stores.database).setHalt('local', 'stopped', 'paused');
  expect(await gates.load({ ...address, step: 1, callIds: ['call-1'] })).toMatchObject({ halt: 'paused' });
  await organizations.setHalt('local', 'stopped');
  expect(await gates.load({ ...address, step: 1, callIds: ['call-1'] })).toMatchObject({ halt: 'stopped' });
  await organizations.setHalt('local', 'none');
});

test('held calls wait with what they bind', async () => {
  const address = await stores.startRun('held');
  const gates = createGateStore(stores.database);
  const approval = heldApproval('apr-held', stores.snapshot);
  const question = {
    id: 'que-held',
    callId: 'call-2',
    question: 'which \0one?',
    options: ['a', 'b'],
    expiresAt: AT,
  };
  await gates.commit(gateCommit('held', stores.snapshot, { approvals: [approval], questions: [question] }));
  const { approvals } = await gates.load({ ...address, step: 2, callIds: ['call-1'] });
  expect(approvals).toEqual([
    {
      id: 'apr-held',
      callId: 'call-1',
      isGiven: false,
      isPending: true,
      isVoid: false,
      action: approval.action,
      expiresAt: approval.expiresAt,
    },
  ]);
  const { action: _action, ...pending } = approval;
  expect(await createApprovalStore(stores.database).listPending('local', 'held')).toEqual([
    {
      ...pending,
      ...{ runId: 'held', status: 'pending', votes: [], outcome: null, createdAt: AT, settledAt: null },
      requestedBy: 'ada',
      progress: {
        ...{ votes: [], quorum: 1, roles: [], fourEyes: false, escalatedTo: null },
        missing: 'one more approver',
      },
    },
  ]);
  expect(await createQuestionStore(stores.database).listPending('local', 'held')).toEqual([
    { ...question, runId: 'held', outcome: null, createdAt: AT },
  ]);
});

test('what a model writes cannot keep a gate from being recorded', async () => {
  const address = await stores.startRun('hostile');
  const gates = createGateStore(stores.database);
  const text = 'nul \0, half \ud800, quote \', brace {"}, \\u0000, 日本語';
  const gated = allowed('call-1', stores.snapshot);
  gated.decision.findings[0]!.message = text;
  await gates.commit(
    gateCommit('hostile', stores.snapshot, {
      calls: [{ proposed: { id: 'call-1', tool: text, args: text }, gated }],
      events: [{ type: 'turn', data: { turn: 1, text, calls: 1, tokens: 1 } }],
    }),
  );
  const { recorded } = await gates.load({ ...address, step: 1, callIds: ['call-1'] });
  expect(recorded).toEqual([gated]);
  const [event] = await createEventStore(stores.database).list(address, -1);
  expect(event).toMatchObject({ data: { text } });
  expect(await createAuditStore(stores.database).verifyChain(address)).toMatchObject({ ok: true });
});

test('another organization sees nothing of a run', async () => {
  await stores.startRun('mine');
  const theirs = { runId: 'mine', organizationId: 'theirs' };
  const gates = createGateStore(stores.database);
  await expect(gates.load({ ...theirs, step: 1, callIds: ['call-1'] })).rejects.toMatchObject({
    code: 'run-unknown',
  });
  await expect(
    gates.commit({ ...gateCommit('mine', stores.snapshot), organizationId: 'theirs' }),
  ).rejects.toMatchObject({ code: 'run-unknown' });
  expect(await createRunStore(stores.database).get('theirs', 'mine')).toBeNull();
  expect(await createEventStore(stores.database).list(theirs, -1)).toEqual([]);
});
