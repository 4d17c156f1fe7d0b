import { sha256 } from '../../src/domain/hashing';
import { createOrganizationStore } from '../../src/store/organization-store';
import { createPolicyStore, type PolicyStore } from '../../src/store/policy-store';
import { openStores, type StoreFixture } from './fixture';

let stores: StoreFixture;
let policies: PolicyStore;
let organizationId: string;
let count = 0;

beforeAll(async () => {
  stores = await openStores();
  policies = createPolicyStore(stores.database);
});

beforeEach(async () => {
  organizationId = `organization-${++count}`;
  await createOrganizationStore(stores.database).create({ id: organizationId, name: 'Test' });
});

afterAll(() => stores.close());

const file = (name: string, version: number, content = `${name} ${version}\n`) => ({
  name,
  version,
  content,
});
const active = async () =>
  (await policies.listActive(organizationId)).map(({ name, version, content }) => ({
    name,
    version,
    content,
  }));

test('of several policies all are published, or none', async () => {
  await policies.publishAll(organizationId, [file('Naming', 1), file('Tags', 1)], 'ada');
  await expect(
    policies.publishAll(organizationId, [file('Naming', 2), file('Tags', 1, 'other')], 'ada'),
  ).rejects.toMatchObject({ code: 'policy-version-taken' });
  expect(await active()).toEqual([file('Naming', 1), file('Tags', 1)]);
});

test('a rollback is a new version with the content of the one before', async () => {
  await policies.publish(organizationId, file('Naming', 1), 'ada');
  await policies.publish(organizationId, file('Naming', 2), 'ada');
  expect(await policies.rollback(organizationId, 'Naming', { by: 'grace' })).toMatchObject({
    from: 2,
    to: 1,
  });
  expect(await active()).toEqual([file('Naming', 3, 'Naming 1\n')]);
  expect(await policies.history(organizationId, 'Naming')).toMatchObject([
    { version: 3, publishedBy: 'grace', content: 'Naming 1\n' },
    { version: 2, publishedBy: 'ada' },
    { version: 1, publishedBy: 'ada' },
  ]);
});

test('tests are kept with their version, beside those that were published with it before, and come back with it', async () => {
  const publish = async (version: number, tests?: string) => {
    const { isChanged, hasNewTests } = await policies.publish(
      organizationId,
      { ...file('Naming', version), tests },
      'ada',
    );
    return { isChanged, hasNewTests };
  };
  const kept = async () =>
    (await policies.history(organizationId, 'Naming')).map(({ version, tests }) => [version, tests]);
  expect(await publish(1)).toEqual({ isChanged: true, hasNewTests: false });
  expect(await kept()).toEqual([[1, null]]);
  expect(await publish(1, 'first')).toEqual({ isChanged: false, hasNewTests: true });
  expect(await publish(1, 'first')).toEqual({ isChanged: false, hasNewTests: false });
  expect(await publish(1, 'better')).toEqual({ isChanged: false, hasNewTests: true });
  expect(await publish(1)).toEqual({ isChanged: false, hasNewTests: false });
  await publish(2, 'second');
  await policies.rollback(organizationId, 'Naming', { by: 'grace' });
  expect(await kept()).toEqual([
    [3, 'better'],
    [2, 'second'],
    [1, 'better'],
  ]);
  const rows = await stores.database.client.customPolicyTests.findMany({
    where: { organizationId, version: 1 },
    orderBy: { sequence: 'asc' },
  });
  expect(rows.map(({ tests }) => tests)).toEqual(['first', 'better']);
  const audited = await stores.database.client.organizationAuditRecord.findMany({
    where: { organizationId, kind: 'policy-tests-published' },
  });
  expect(audited.map(({ body }) => JSON.parse(body))).toMatchObject([
    { policy: 'Naming', version: 1, testsHash: sha256('first'), by: 'ada' },
    { policy: 'Naming', version: 1, testsHash: sha256('better'), by: 'ada' },
  ]);
});

test('a rollback brings back the version that is named, and a policy that was removed', async () => {
  for (const version of [1, 2, 3]) await policies.publish(organizationId, file('Naming', version), 'ada');
  await policies.remove(organizationId, 'Naming', 'olga');
  expect(await policies.rollback(organizationId, 'Naming', { to: 2, by: 'ada' })).toMatchObject({ to: 2 });
  expect(await active()).toEqual([file('Naming', 4, 'Naming 2\n')]);
});

test('a rollback to what was never published is refused, and names what was', async () => {
  await policies.publish(organizationId, file('Naming', 1), 'ada');
  const rollback = (name: string, to?: number) => policies.rollback(organizationId, name, { to, by: 'ada' });
  await expect(rollback('Naming', 7)).rejects.toMatchObject({
    code: 'policy-version-unknown',
    message: expect.stringContaining('no version 7; it has 1'),
  });
  await expect(rollback('Naming')).rejects.toMatchObject({ code: 'policy-version-unknown' });
  await expect(rollback('Nothing')).rejects.toMatchObject({ code: 'policy-unknown' });
});

test('another organization has its own history', async () => {
  await policies.publish(organizationId, file('Naming', 1), 'ada');
  await expect(policies.history('local', 'Naming')).rejects.toMatchObject({ code: 'policy-unknown' });
});
