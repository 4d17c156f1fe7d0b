import { sha256 } from '../../src/domain/hashing';
import { createArtifactAccess } from '../../src/store/artifact-access';
import { createAuditStore } from '../../src/store/audit-store';
import { createOwnArtifacts } from '../../src/store/own-artifacts';
import { createRunStore } from '../../src/store/run-store';
import { openStores, type StoreFixture } from './fixture';

let stores: StoreFixture;
let counter = 0;
beforeAll(async () => {
  stores = await openStores();
});
afterAll(() => stores?.close());

const start = () => stores.startRun(`artifacts-${++counter}`);
const QUOTA = 10_240;
const open = () => createArtifactAccess(stores.database, { quotaBytes: QUOTA });
const put = (text: string, bytes = 2_048) => ({ hash: sha256(text), bytes });

async function finish(runId: string): Promise<void> {
  await stores.database.client.run.update({ where: { id: runId }, data: { endedAt: new Date() } });
}

test('a run reads what it put and what control gave it, and nothing that another run has', async () => {
  const access = open();
  const [mine, other] = [await start(), await start()];
  expect(await access.count(mine, [put('mine')])).toBe('counted');
  await access.give(mine.runId, [sha256('given')]);
  await access.give(mine.runId, [sha256('given')]);
  expect(await access.mayRead(mine, sha256('mine'))).toBe(true);
  expect(await access.mayRead(mine, sha256('given'))).toBe(true);
  expect(await access.mayRead(other, sha256('mine'))).toBe(false);
  expect(await access.mayRead({ ...mine, organizationId: 'other' }, sha256('mine'))).toBe(false);
  // The same content put by both is each one's own.
  expect(await access.count(other, [put('mine')])).toBe('counted');
  expect(await access.mayRead(other, sha256('mine'))).toBe(true);
});

test('a quota holds for all of a run, counts nothing twice, and puts all or nothing', async () => {
  const access = open();
  const run = await start();
  const fill = Array.from({ length: 4 }, (_, index) => put(`part ${index}`));
  expect(await access.count(run, fill)).toBe('counted');
  expect(await access.count(run, fill)).toBe('counted');
  expect(await access.mayPut(run, 2_048)).toBe('counted');
  expect(await access.mayPut(run, 2_049)).toBe('over-quota');
  expect(await access.count(run, [put('a'), put('b')])).toBe('over-quota');
  expect(await access.mayRead(run, sha256('a'))).toBe(false);
  expect(await access.count(run, [put('a')])).toBe('counted');
  // However small: a file has a size of its own.
  expect(await access.count(run, [put('b', 0)])).toBe('over-quota');
  expect(await access.count(await start(), [put('too much', QUOTA + 1)])).toBe('over-quota');
});

test('puts at the same time do not overspend a quota together', async () => {
  const access = open();
  const run = await start();
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, index) => access.count(run, [put(`at once ${index}`)])),
  );
  expect(answers.filter((answer) => answer === 'counted')).toHaveLength(QUOTA / 2_048);
});

test('a run that is over reads and puts nothing more', async () => {
  const access = open();
  const run = await start();
  await access.count(run, [put('before')]);
  await finish(run.runId);
  expect(await access.mayRead(run, sha256('before'))).toBe(false);
  expect(await access.count(run, [put('after')])).toBe('run-over');
  expect(await access.mayPut(run, 1)).toBe('run-over');
  expect(await access.count({ runId: 'nobody', organizationId: 'local' }, [put('after')])).toBe('run-over');
});

test('refusals stand in the audit of the run, each once and not without end', async () => {
  const access = open();
  const run = await start();
  const refusal = { role: 'sandbox', presenter: 'key', hash: sha256('x'), code: 'artifact-missing' };
  await access.refused(run, refusal);
  await access.refused(run, refusal);
  for (let index = 0; index < 60; index++)
    await access.refused(run, { ...refusal, hash: sha256(String(index)) });
  await access.refused({ ...run, runId: 'nobody' }, refusal);
  const audit = createAuditStore(stores.database);
  const records = (await audit.list(run)).filter(({ kind }) => kind === 'artifact-refused');
  expect(records).toHaveLength(50);
  expect(records[0]).toMatchObject({ body: refusal });
  expect(await audit.verifyChain(run)).toMatchObject({ ok: true });
  expect(await createRunStore(stores.database).get('local', run.runId)).toMatchObject({ endedAt: null });
});

test('where the whole store is at hand, a run’s own artifacts are still the only ones read for it', async () => {
  const access = open();
  const [mine, other] = [await start(), await start()];
  await access.count(mine, [put('own a'), put('own b')]);
  await access.count(other, [put('foreign')]);
  const own = createOwnArtifacts(stores.database);
  const store = own.of(mine.runId, { get: async (hash) => Buffer.from(hash) });
  expect(Buffer.from(await store.get(sha256('own a'))).toString()).toBe(sha256('own a'));
  await expect(store.get(sha256('foreign'))).rejects.toMatchObject({ code: 'artifact-missing' });
  await own.require(mine.runId, [sha256('own a'), sha256('own b')]);
  await expect(own.require(mine.runId, [sha256('own a'), sha256('foreign')])).rejects.toMatchObject({
    code: 'artifact-missing',
  });
  // The past of a run stays to be seen.
  await finish(mine.runId);
  await createOwnArtifacts(stores.database).require(mine.runId, [sha256('own b')]);
});
