import { Client } from 'pg';
import { GatehouseError } from '../domain/errors';
import { clearError, placeOf } from './database';
import { MIGRATIONS_PATH, migrationNames, readMigrations } from './migration-files';
import { EVERYTHING, withSchemaEngine } from './schema-engine';

/** Any number that no other program takes: whoever holds this lock may migrate. */
const MIGRATION_LOCK = 4_872_615_001;

/**
 * Brings a database up to what this release knows. Idempotent; of two processes that start at once, one waits.
 *
 * @returns names of the migrations that were applied now
 * @throws GatehouseError `database-unreachable`, `database-newer` (it was migrated by a later release),
 *   `migration-failed`
 */
export async function migrate(
  databaseUrl: string,
  migrationsPath = MIGRATIONS_PATH,
): Promise<{ applied: string[] }> {
  const place = placeOf(databaseUrl);
  const lock = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5_000 });
  try {
    await lock.connect();
    await lock.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    return await migrateLocked(lock, databaseUrl, migrationsPath, place);
  } catch (cause) {
    throw clearError(cause, place);
  } finally {
    // Ending the session gives the lock back, and so does its death.
    await lock.end().catch(() => undefined);
  }
}

async function migrateLocked(
  client: Client,
  databaseUrl: string,
  migrationsPath: string,
  place: string,
): Promise<{ applied: string[] }> {
  const known = new Set(migrationNames(migrationsPath));
  const recorded = await recordedMigrations(client);
  const unknown = recorded.filter(({ name }) => !known.has(name));
  if (unknown.length > 0)
    throw new GatehouseError(
      'database-newer',
      `the database at \`${place}\` is newer than this release: it holds migration \`${unknown[0]!.name}\`; use the release that wrote it`,
    );
  const failed = recorded.find(({ isFinished }) => !isFinished);
  if (failed)
    throw new GatehouseError(
      'migration-failed',
      `migration \`${failed.name}\` began at \`${place}\` and did not finish; restore the database from its backup`,
    );
  if (recorded.length === known.size) return { applied: [] };
  const migrationsList = readMigrations(migrationsPath);
  try {
    const { appliedMigrationNames } = await withSchemaEngine({ databaseUrl }, (engine) =>
      engine.applyMigrations({ migrationsList, filters: EVERYTHING }),
    );
    return { applied: appliedMigrationNames };
  } catch (cause) {
    throw new GatehouseError(
      'migration-failed',
      `the database at \`${place}\` could not be migrated, see the log`,
      { cause },
    );
  }
}

async function recordedMigrations(client: Client): Promise<{ name: string; isFinished: boolean }[]> {
  const { rows: tables } = await client.query(`SELECT to_regclass('_prisma_migrations') AS found`);
  if (tables[0].found === null) return [];
  const { rows } = await client.query(
    `SELECT migration_name AS name, finished_at IS NOT NULL AS "isFinished"
     FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY migration_name`,
  );
  return rows;
}
