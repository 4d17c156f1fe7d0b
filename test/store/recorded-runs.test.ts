import { createGateStore } from '../../src/store/gate-store';
import { createOrganizationStore } from '../../src/store/organization-store';
import { createRecordedRuns, type RecordedRunsQuery } from '../../src/store/recorded-runs';
import { createRunStore } from '../../src/store/run-store';
import { AT, allowed, gateCommit, heldApproval, openStores, type StoreFixture } from './fixture';

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

const DAY = 86_400_000;

/** A run that began so many days after the epoch, with one decision, and an approval that waits if wanted. */
async function recordRun(runId: string, day: number, parts: Parameters<typeof gateCommit>[2] = {}) {
  const { database, snapshot } = stores;
  await createRunStore(database).create({
    runId,
    organizationId,
    agent: 'demo',
    prompt: `prompt of ${runId}`,
    requestedBy: 'ada',
    snapshotId: snapshot,
  });
  await createGateStore(database).commit(gateCommit(runId, snapshot, { organizationId, ...parts }));
  await database.client.run.update({ where: { id: runId }, data: { createdAt: new Date(day * DAY) } });
}

async function read(query: Partial<RecordedRunsQuery> = {}, pageSize = 2) {
  const runs = [];
  for await (const run of createRecordedRuns(stores.database, { pageSize }).read({
    organizationId,
    limit: 100,
    ...query,
  }))
    runs.push(run);
  return runs;
}
const idsOf = async (query?: Partial<RecordedRunsQuery>) => (await read(query)).map(({ runId }) => runId);
const named = (name: string) => `${organizationId}-${name}`;

test('runs are read newest first, each once, over many pages and at the same time of beginning', async () => {
  for (const name of ['a', 'b', 'c', 'd', 'e']) await recordRun(named(name), 1);
  await recordRun(named('old'), 0);
  await recordRun(named('new'), 2);
  expect(await idsOf()).toEqual(['new', 'e', 'd', 'c', 'b', 'a', 'old'].map(named));
});

test('`limit` and `since` leave older runs out, and a run without decisions does not count', async () => {
  for (const [day, name] of ['zero', 'one', 'two', 'three'].entries()) await recordRun(named(name), day);
  await createRunStore(stores.database).create({
    ...{ runId: named('silent'), organizationId, agent: 'demo', prompt: '', requestedBy: 'ada' },
    snapshotId: stores.snapshot,
  });
  expect(await idsOf({ limit: 3 })).toEqual(['three', 'two', 'one'].map(named));
  expect(await idsOf({ since: 2 * DAY })).toEqual(['three', 'two'].map(named));
});

test('a run that waits for an approval is read whatever its age, until it has ended', async () => {
  const approval = () => [heldApproval(`apr-${++count}`, stores.snapshot)];
  await recordRun(named('waits'), 0, { approvals: approval() });
  await recordRun(named('ended'), 1, { approvals: approval() });
  await stores.database.client.run.update({ where: { id: named('ended') }, data: { endedAt: new Date() } });
  await recordRun(named('old'), 2);
  await recordRun(named('new'), 3);
  expect(await idsOf({ limit: 1 })).toEqual(['new', 'waits'].map(named));
  expect(await idsOf({ since: 3 * DAY })).toEqual(['new', 'waits'].map(named));
  expect(await idsOf()).toEqual(['new', 'old', 'ended', 'waits'].map(named));
  const runs = await read();
  expect(runs.map(({ approvals }) => approvals.map(({ isPending }) => isPending))).toEqual([
    [],
    [],
    [false],
    [true],
  ]);
});

test('a run comes with prompt, facts and observations, and with the steps in which its calls were decided last', async () => {
  const { database, snapshot } = stores;
  const calls = ['call-1', 'call-2'].map((id) => ({
    proposed: { id, tool: 'readFile', args: '{"path": "a\\u0000.tf"}' },
    gated: allowed(id, snapshot),
  }));
  await recordRun(named('run'), 1, { calls });
  const observations = [{ tool: 'query-logs', text: 'seen' }];
  const facts = { ...gateCommit('', '').facts, answers: ['yes'] };
  for (const step of [2, 3])
    await createGateStore(database).commit(
      gateCommit(named('run'), snapshot, {
        ...{ organizationId, step, facts, observations, firstSequence: step },
        calls: calls.slice(1),
      }),
    );
  const [run] = await read();
  expect(run).toMatchObject({ agent: 'demo', prompt: `prompt of ${named('run')}`, narrow: null });
  expect(run?.decisions.map(({ step, proposed: { id } }) => `${step} ${id}`)).toEqual([
    '1 call-1',
    // Decided again later, and read with its neighbour.
    '1 call-2',
    '3 call-2',
  ]);
  expect(run?.decisions.at(-1)).toMatchObject({
    ...{ facts, observations, isRead: true, at: AT },
    proposed: calls[1]!.proposed,
    decision: { verdict: 'allow' },
  });
});

test('another organization reads nothing of it', async () => {
  await recordRun(named('run'), 1);
  expect(await idsOf({ organizationId: 'local' })).toEqual([]);
});
