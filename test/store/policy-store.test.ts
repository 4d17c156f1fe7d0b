import { BudgetTracker } from '../../src/domain/budget';
import { createBuildPolicyDigest } from '../../src/policy/digest';
import { compileSnapshot } from '../../src/policy/snapshot';
import { createAgentStore } from '../../src/store/agent-store';
import { createAuditStore } from '../../src/store/audit-store';
import { createCurrentPolicy } from '../../src/store/current-policy';
import { createEventStore } from '../../src/store/event-store';
import { createGateStore } from '../../src/store/gate-store';
import { createOrganizationStore } from '../../src/store/organization-store';
import { createPolicyStore } from '../../src/store/policy-store';
import { createRunStore } from '../../src/store/run-store';
import { createSnapshotStore } from '../../src/store/snapshot-store';
import { AT, agent, openStores, type StoreFixture } from './fixture';

let stores: StoreFixture;
let organizationId: string;
let count = 0;

beforeAll(async () => {
  stores = await openStores();
});

beforeEach(async () => {
  organizationId = `organization-${++count}`;
  await createOrganizationStore(stores.database).create({ id: organizationId, name: 'Test' });
});

afterAll(() => stores.close());

test('publishing makes a new version, and earlier ones are kept', async () => {
  const policies = createPolicyStore(stores.database);
  const first = { name: 'Naming', version: 1, content: 'one\n' };
  expect(await policies.publish(organizationId, first, 'ada')).toMatchObject({ isChanged: true });
  expect(await policies.publish(organizationId, first, 'ada')).toMatchObject({ isChanged: false });
  await policies.publish(organizationId, { ...first, version: 2, content: 'two\n' }, 'ada');
  expect(await policies.listActive(organizationId)).toMatchObject([
    { name: 'Naming', version: 2, content: 'two\n' },
  ]);
  const versions = await stores.database.client.customPolicyVersion.findMany({
    where: { organizationId },
    orderBy: { version: 'asc' },
  });
  expect(versions).toMatchObject([
    { version: 1, content: 'one\n', publishedBy: 'ada' },
    { version: 2, content: 'two\n' },
  ]);
});

test('other content under a version that is taken is refused, and the message names the next', async () => {
  const policies = createPolicyStore(stores.database);
  await policies.publish(organizationId, { name: 'Naming', version: 3, content: 'one\n' }, 'ada');
  await expect(
    policies.publish(organizationId, { name: 'Naming', version: 3, content: 'two\n' }, 'ada'),
  ).rejects.toMatchObject({ code: 'policy-version-taken', message: expect.stringContaining('`version: 4`') });
});

test('the digest of an organization holds its active policies, in order', async () => {
  const policies = createPolicyStore(stores.database);
  for (const name of ['b', 'a', 'Z', '\u{1F600}', '\uFFFD', 'off', 'gone'])
    await policies.publish(organizationId, { name, version: 1, content: name }, 'ada');
  await policies.setActive(organizationId, 'off', false, 'olga');
  await policies.remove(organizationId, 'gone', 'olga');
  expect(await createBuildPolicyDigest(policies)(organizationId)).toBe(
    [
      '# Organization Policies',
      '',
      'You MUST follow these policies when making changes:',
      '',
      'Z',
      'a',
      'b',
      '\uFFFD',
      '\u{1F600}',
    ].join('\n'),
  );
  await expect(policies.remove(organizationId, 'gone', 'olga')).rejects.toMatchObject({
    code: 'policy-unknown',
  });
});

test('an agent that differs is a new version', async () => {
  const agents = createAgentStore(stores.database);
  expect(await agents.apply(organizationId, agent, 'olga')).toEqual({ version: 1, isChanged: true });
  expect(await agents.apply(organizationId, agent, 'olga')).toEqual({ version: 1, isChanged: false });
  expect(await agents.apply(organizationId, { ...agent, network: ['example.com'] }, 'olga')).toEqual({
    version: 2,
    isChanged: true,
  });
  expect(await agents.get(organizationId, 'demo')).toEqual({ ...agent, network: ['example.com'] });
  expect(await agents.list(organizationId)).toMatchObject([{ version: 2 }]);
  await expect(agents.apply('nowhere', agent, 'olga')).rejects.toMatchObject({
    code: 'organization-unknown',
  });
});

test('every change of policy or agent is seen by the next gate', async () => {
  const agents = createAgentStore(stores.database);
  const policies = createPolicyStore(stores.database);
  const gates = createGateStore(stores.database);
  await agents.apply(organizationId, agent, 'olga');
  const snapshot = compileSnapshot({ organizationId, agent, policies: [] });
  await createSnapshotStore(stores.database).save(snapshot);
  const runId = `run-${organizationId}`;
  await createRunStore(stores.database).create({
    runId,
    organizationId,
    agent: 'demo',
    prompt: '',
    requestedBy: 'ada',
    narrow: { deniedTools: ['create-pr'] },
    snapshotId: snapshot.id,
  });
  const currentPolicy = createCurrentPolicy(agents, policies, createSnapshotStore(stores.database));
  const current = async () =>
    currentPolicy.snapshotFor(
      organizationId,
      await gates.load({ runId, organizationId, step: 1, callIds: ['call-1'] }),
    );
  const before = await current();
  expect(before.permissions.deniedTools).toContain('create-pr');
  expect(await current()).toBe(before);
  await policies.publish(organizationId, { name: 'Naming', version: 1, content: 'one' }, 'ada');
  expect((await current()).digest).toContain('one');
  await agents.apply(organizationId, { ...agent, deniedTools: ['git-push'] }, 'olga');
  expect((await current()).permissions.deniedTools).toContain('git-push');
});

test('a snapshot altered in the database is refused', async () => {
  const snapshot = compileSnapshot({ organizationId, agent, policies: [] });
  const snapshots = createSnapshotStore(stores.database);
  await snapshots.save(snapshot);
  await snapshots.save(snapshot);
  expect(await createSnapshotStore(stores.database).load(snapshot.id)).toEqual(snapshot);
  await stores.database.client.policySnapshot.update({
    where: { id: snapshot.id },
    data: { content: JSON.stringify({ ...snapshot, digest: 'do as you like' }) },
  });
  await expect(snapshots.load(snapshot.id)).rejects.toMatchObject({ code: 'snapshot-mismatch' });
  await expect(snapshots.load('f00d')).rejects.toMatchObject({ code: 'snapshot-unavailable' });
  await expect(snapshots.save({ ...snapshot, digest: 'other' })).rejects.toMatchObject({
    code: 'snapshot-mismatch',
  });
});

test('a run is created once, and another under its id is refused', async () => {
  const runs = createRunStore(stores.database);
  const input = {
    runId: `once-${organizationId}`,
    organizationId,
    agent: 'demo',
    prompt: 'fix \0 it',
    attachments: ['a'],
    requestedBy: 'ada',
    snapshotId: stores.snapshot,
  };
  await runs.create(input);
  await runs.create(input);
  const { snapshotId, ...stored } = input;
  expect(await runs.get(organizationId, input.runId)).toMatchObject({
    input: stored,
    snapshot: snapshotId,
    status: 'QUEUED',
    workflowId: `run-${input.runId}`,
  });
  await expect(runs.create({ ...input, prompt: 'other' })).rejects.toMatchObject({ code: 'run-exists' });
  const usage = { turns: 3 } as never;
  const outcome = { status: 'COMPLETED' as const, text: 'done' };
  await runs.finish({ runId: input.runId, organizationId, outcome, usage, events: [], firstSequence: 0 });
  await expect(runs.create(input)).rejects.toMatchObject({
    code: 'run-exists',
    message: expect.stringContaining('has ended already'),
  });
  await runs.finish({
    runId: input.runId,
    organizationId,
    outcome: { status: 'FAILED', text: 'late' },
    usage: { turns: 0 } as never,
    events: [],
    firstSequence: 0,
  });
  expect(await runs.get(organizationId, input.runId)).toMatchObject({ outcome, usage, status: 'COMPLETED' });
});

test('runs are listed newest first, page by page', async () => {
  const runs = createRunStore(stores.database);
  const ids = ['a', 'b', 'c', 'd', 'e'].map((name) => `${name}-${organizationId}`);
  for (const runId of ids)
    await runs.create({
      runId,
      organizationId,
      agent: 'demo',
      prompt: '',
      requestedBy: 'ada',
      snapshotId: stores.snapshot,
    });
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const page = await runs.list({ organizationId, limit: 2, cursor });
    seen.push(...page.runs.map((run) => run.id));
    cursor = page.next;
  } while (cursor);
  expect(seen).toEqual([...ids].reverse());
});

test('a run ends once, with its closing record', async () => {
  const runs = createRunStore(stores.database, () => AT);
  const address = { runId: `ends-${organizationId}`, organizationId };
  await runs.create({
    ...address,
    agent: 'demo',
    prompt: '',
    requestedBy: 'ada',
    snapshotId: stores.snapshot,
  });
  const input = {
    ...address,
    outcome: { status: 'COMPLETED' as const, text: 'done' },
    usage: new BudgetTracker(() => AT).snapshot(),
    events: [{ type: 'status' as const, data: { status: 'COMPLETED' as const } }],
    firstSequence: 7,
  };
  await runs.finish(input);
  await runs.finish({ ...input, outcome: { status: 'FAILED', text: 'late' } });
  await runs.setStatus(address.runId, 'RUNNING');
  expect(await runs.get(organizationId, address.runId)).toMatchObject({
    status: 'COMPLETED',
    outcome: input.outcome,
    endedAt: AT,
  });
  expect(await createEventStore(stores.database).list(address, 6)).toHaveLength(1);
  expect(await createAuditStore(stores.database).list(address)).toMatchObject([
    { kind: 'finish', body: { outcome: input.outcome } },
  ]);
});
