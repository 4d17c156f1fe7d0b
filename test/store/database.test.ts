import { openDatabase } from '../../src/store/database';
import { createGateStore } from '../../src/store/gate-store';
import { createOrganizationStore } from '../../src/store/organization-store';
import { createTestDatabase } from '../support/stack';

const NOWHERE = 'postgres://ada:secret@127.0.0.1:9/shop';

test('a dead database gives one clear message, without the password', async () => {
  const database = openDatabase(NOWHERE);
  const unreachable = {
    code: 'database-unreachable',
    message:
      'the database at `127.0.0.1:9/shop` does not answer; check that PostgreSQL runs there and lets this process in',
  };
  await expect(database.ready()).rejects.toMatchObject(unreachable);
  await expect(createOrganizationStore(database).get('local')).rejects.toMatchObject(unreachable);
  await expect(
    createGateStore(database).load({ runId: 'r', organizationId: 'local', step: 1, callIds: ['call-1'] }),
  ).rejects.toMatchObject(unreachable);
  await database.close();
});

test('a database that is not there, or lets nobody in, is unreachable too', async () => {
  const { url, drop } = await createTestDatabase();
  const missing = openDatabase(url.replace(/test_[0-9a-f]+/, 'nowhere'));
  await expect(missing.ready()).rejects.toMatchObject({ code: 'database-unreachable' });
  await missing.close();
  await drop();
});

test('a database that goes away while in use is unreachable', async () => {
  const { url, drop } = await createTestDatabase();
  const database = openDatabase(url);
  await database.ready();
  await drop();
  await expect(database.ready()).rejects.toMatchObject({ code: 'database-unreachable' });
  await database.close();
});

test('other failures stay what they are', async () => {
  const { url, drop } = await createTestDatabase();
  const database = openDatabase(url);
  await database.ready();
  await expect(createOrganizationStore(database).get('local')).rejects.not.toHaveProperty(
    'code',
    'database-unreachable',
  );
  await database.close();
  await drop();
});

test('an address that is none is refused and not repeated', () => {
  expect(() => openDatabase('mysql://ada:secret@host/shop')).toThrow(
    /^(?!.*secret).*`postgres:\/\/user:password@host:port\/name`/,
  );
});
