import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { createPostgresIssuer, roleOf } from '../../src/broker/issuers/postgres-issuer';
import { createTestDatabase, type TestDatabase } from '../support/stack';

let shop: TestDatabase;
beforeAll(async () => {
  shop = await createTestDatabase();
  await asOwner((client) =>
    client.query(`CREATE TABLE orders (id int); INSERT INTO orders VALUES (7); CREATE TABLE secrets (id int);
      CREATE ROLE shop_desk; GRANT SELECT, INSERT ON orders TO shop_desk; GRANT CREATE ON SCHEMA public TO shop_desk`),
  );
});
afterAll(async () => {
  await asOwner((client) => client.query('DROP OWNED BY shop_desk; DROP ROLE shop_desk'));
  await shop.drop();
});

async function asOwner<T>(work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: shop.url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

const handle = () => `cred-${randomBytes(8).toString('hex')}`;
const issuer = () => createPostgresIssuer({ url: shop.url, memberOf: ['shop_desk'] });
const signal = new AbortController().signal;

async function issue(scope: 'read' | 'write', expiresAt = Date.now() + 60_000) {
  const name = handle();
  const { env, secrets } = await issuer().issue({ handle: name, scope, expiresAt, signal });
  const login = () =>
    new Client({
      host: env.PGHOST,
      port: Number(env.PGPORT),
      database: env.PGDATABASE,
      user: env.PGUSER,
      password: env.PGPASSWORD,
    });
  return { name, env, secrets, login };
}

test('a login for reading reads what its roles may, and writes nothing', async () => {
  const { name, login } = await issue('read');
  const client = login();
  await client.connect();
  expect((await client.query('SELECT id FROM orders')).rows).toEqual([{ id: 7 }]);
  await expect(client.query('INSERT INTO orders VALUES (8)')).rejects.toThrow('read-only transaction');
  await expect(client.query('SELECT FROM secrets')).rejects.toThrow('permission denied');
  await client.end();
  expect(await issuer().revoke(name, null, signal)).toBe('revoked');
});

test('the end of a login ends its connections, keeps what it made, and can come twice', async () => {
  const { name, login } = await issue('write');
  const client = login();
  const isCut = new Promise<Error>((resolve) => client.on('error', resolve));
  await client.connect();
  await client.query('CREATE TABLE made (id int)');
  expect(await issuer().revoke(name, null, signal)).toBe('revoked');
  expect(await isCut).toBeInstanceOf(Error);
  expect(await issuer().revoke(name, null, signal)).toBe('revoked');
  await expect(login().connect()).rejects.toThrow(/password authentication failed|does not exist/);
  const owner = await asOwner((owner) =>
    owner.query(`SELECT tableowner FROM pg_tables WHERE tablename = 'made'`),
  );
  expect(owner.rows[0]?.tableowner).not.toBe(roleOf(name));
});

test('an expired login is refused by PostgreSQL itself', async () => {
  const { name, login } = await issue('read', Date.now() - 1_000);
  await expect(login().connect()).rejects.toThrow('password authentication failed');
  await issuer().revoke(name, null, signal);
});

test('PostgreSQL is never told the password: its statements and logs cannot show it', async () => {
  const { name, secrets } = await issue('read');
  const { rows } = await asOwner((client) =>
    client.query('SELECT rolpassword FROM pg_authid WHERE rolname = $1', [roleOf(name)]),
  );
  expect(rows[0].rolpassword).toMatch(/^SCRAM-SHA-256\$4096:/);
  expect(secrets).toHaveLength(1);
  expect(rows[0].rolpassword).not.toContain(secrets[0]);
  await issuer().revoke(name, null, signal);
});
