import { createMakeOrganization } from '../../src/commands/make-organization';
import { callerOfApiKey } from '../../src/identity/api-keys';
import { createApiKeyStore } from '../../src/store/api-key-store';
import { createOrganizationStore } from '../../src/store/organization-store';
import { openStores, type StoreFixture } from '../store/fixture';

let stores: StoreFixture;
beforeAll(async () => {
  stores = await openStores();
});
afterAll(() => stores?.close());

test('an organization is made with a key of its administrator, and its decisions must be signed', async () => {
  const organizations = createOrganizationStore(stores.database);
  const apiKeys = createApiKeyStore(stores.database);
  const make = createMakeOrganization(organizations, apiKeys);
  const key = await make({ organization: 'acme', person: 'alice' });
  expect(await callerOfApiKey(key, apiKeys)).toMatchObject({
    organizationId: 'acme',
    person: 'alice',
    scopes: ['admin'],
  });
  expect(await organizations.get('acme')).toMatchObject({ signatures: 'REQUIRED' });

  const another = await make({ organization: 'acme', person: 'carol' });
  expect(await callerOfApiKey(another, apiKeys)).toMatchObject({ organizationId: 'acme', person: 'carol' });
  expect(await callerOfApiKey(key, apiKeys)).toMatchObject({ person: 'alice' });
});
