import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { migrate } from '../../src/store/migrate';
import { MIGRATIONS_PATH, migrationNames, readMigrations } from '../../src/store/migration-files';
import { EVERYTHING, withSchemaEngine } from '../../src/store/schema-engine';
import { createTestDatabase, type TestDatabase } from '../support/stack';

let database: TestDatabase;
let folder: string;

beforeEach(async () => {
  database = await createTestDatabase();
  folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-migrations-'));
  cpSync(MIGRATIONS_PATH, folder, { recursive: true });
});

afterEach(async () => {
  rmSync(folder, { recursive: true, force: true });
  await database.drop();
});

function addMigration(name: string, sql: string): void {
  mkdirSync(path.join(folder, name));
  writeFileSync(path.join(folder, name, 'migration.sql'), sql);
}

test('migrating twice applies once', async () => {
  expect(await migrate(database.url)).toEqual({ applied: migrationNames(MIGRATIONS_PATH) });
  expect(await migrate(database.url)).toEqual({ applied: [] });
});

test('a later release adds only what is new', async () => {
  await migrate(database.url);
  addMigration('99990101000000_more', 'CREATE TABLE "More" ("id" TEXT PRIMARY KEY);');
  expect(await migrate(database.url, folder)).toEqual({ applied: ['99990101000000_more'] });
});

test('of processes that start at once, one applies and the others wait', async () => {
  const results = await Promise.all([1, 2, 3].map(() => migrate(database.url)));
  expect(results.flatMap((result) => result.applied)).toEqual(migrationNames(MIGRATIONS_PATH));
});

test('a database that a later release migrated is refused', async () => {
  addMigration('99990101000000_more', 'CREATE TABLE "More" ("id" TEXT PRIMARY KEY);');
  await migrate(database.url, folder);
  await expect(migrate(database.url)).rejects.toMatchObject({
    code: 'database-newer',
    message: expect.stringContaining('99990101000000_more'),
  });
});

test('a migration that fails says so, and again at the next start', async () => {
  addMigration('99990101000000_broken', 'CREATE TABLE broken (');
  await expect(migrate(database.url, folder)).rejects.toMatchObject({ code: 'migration-failed' });
  await expect(migrate(database.url, folder)).rejects.toMatchObject({ code: 'migration-failed' });
});

test('a database that does not answer is named without its password', async () => {
  await expect(migrate('postgres://ada:secret@127.0.0.1:9/shop')).rejects.toMatchObject({
    code: 'database-unreachable',
    message: expect.stringMatching(/^(?!.*secret).*`127\.0\.0\.1:9\/shop`/),
  });
});

test('the migrations lead to the schema', async () => {
  const schema = readFileSync(path.resolve(MIGRATIONS_PATH, '../schema.prisma'), 'utf8');
  const { stdout } = await withSchemaEngine({ databaseUrl: database.url, schema }, (engine) =>
    engine.diff({
      from: { tag: 'migrations', ...readMigrations(MIGRATIONS_PATH) },
      to: { tag: 'schemaDatamodel', files: [{ path: 'schema.prisma', content: schema }] },
      script: true,
      exitCode: null,
      filters: EVERYTHING,
    }),
  );
  expect(stdout?.trim()).toBe('-- This is an empty migration.');
});
