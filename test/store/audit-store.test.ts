import { createAuditStore } from '../../src/store/audit-store';
import { createGateStore } from '../../src/store/gate-store';
import { gateCommit, openStores, type StoreFixture } from './fixture';

let stores: StoreFixture;

beforeAll(async () => {
  stores = await openStores();
});

afterAll(() => stores.close());

async function runWithRecords(runId: string) {
  const address = await stores.startRun(runId);
  const gates = createGateStore(stores.database);
  for (const step of [1, 2, 3])
    await gates.commit(gateCommit(runId, stores.snapshot, { step, firstSequence: step }));
  return address;
}

/** As somebody with full power over the database would: the triggers are off for one transaction. */
async function tamper(sql: string): Promise<void> {
  await stores.database.client.$transaction([
    stores.database.client.$executeRawUnsafe(`SET LOCAL session_replication_role = replica`),
    stores.database.client.$executeRawUnsafe(sql),
  ]);
}

test.each([
  ['changed', `UPDATE "AuditRecord" SET "body" = '{}'`],
  ['deleted', `DELETE FROM "AuditRecord"`],
  ['deleted, all at once', `TRUNCATE "AuditRecord" CASCADE`],
])('audit records cannot be %s', async (_how, sql) => {
  const address = await runWithRecords(`kept-${_how.length}`);
  await expect(stores.database.client.$executeRawUnsafe(sql)).rejects.toThrow(/append-only/);
  expect(await createAuditStore(stores.database).verifyChain(address)).toMatchObject({ ok: true, length: 3 });
});

test.each([
  ['a changed body', `SET "body" = replace("body", '"allow"', '"deny"')`, 2, /was changed/],
  ['a changed time', `SET "at" = "at" + interval '1 second'`, 2, /was changed/],
  ['a changed kind', `SET "kind" = 'nothing'`, 2, /was changed/],
  ['a body that was laid out anew', `SET "body" = "body" || ' '`, 2, /canonical/],
  ['a hash that was made to fit', `SET "previousHash" = 'x'`, 2, /does not follow/],
])('%s is found', async (what, change, sequence, problem) => {
  const address = await runWithRecords(`tampered-${what}`);
  await tamper(
    `UPDATE "AuditRecord" ${change} WHERE "runId" = 'tampered-${what}' AND "sequence" = ${sequence}`,
  );
  expect(await createAuditStore(stores.database).verifyChain(address)).toEqual({
    ok: false,
    sequence,
    problem: expect.stringMatching(problem),
  });
});

test('a record taken out of the middle is found', async () => {
  const address = await runWithRecords('gap');
  await tamper(`DELETE FROM "AuditRecord" WHERE "runId" = 'gap' AND "sequence" = 2`);
  expect(await createAuditStore(stores.database).verifyChain(address)).toMatchObject({
    ok: false,
    sequence: 2,
  });
});

test('a chain cut short is found', async () => {
  const address = await runWithRecords('short');
  await tamper(`DELETE FROM "AuditRecord" WHERE "runId" = 'short' AND "sequence" = 3`);
  expect(await createAuditStore(stores.database).verifyChain(address)).toMatchObject({
    ok: false,
    sequence: 3,
  });
});

test('records are listed in order, each with the hash of the one before', async () => {
  const address = await runWithRecords('listed');
  const records = await createAuditStore(stores.database).list(address);
  expect(records.map(({ sequence, kind, key }) => [sequence, kind, key])).toEqual([
    [1, 'decision', 'decision:1:call-1'],
    [2, 'decision', 'decision:2:call-1'],
    [3, 'decision', 'decision:3:call-1'],
  ]);
  expect(records.map((record) => record.previousHash)).toEqual(['', records[0]!.hash, records[1]!.hash]);
});
