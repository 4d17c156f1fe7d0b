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
