/** Writes the SQL that leads from the migrations to `prisma/schema.prisma`, as a new migration to be read and kept. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { MIGRATIONS_PATH, readMigrations } from '../src/store/migration-files';
import { EVERYTHING, withSchemaEngine } from '../src/store/schema-engine';
import { FINGERPRINT_PATH, SCHEMA_PATH, schemaFingerprint } from './schema-fingerprint';

async function main(): Promise<void> {
  const name = process.argv[2];
  const databaseUrl = process.env.DATABASE_URL;
  if (!name || !databaseUrl)
    throw new Error(
      'usage: DATABASE_URL=postgres://… tsx scripts/create-migration.ts NAME (a scratch database is made beside that one)',
    );
  mkdirSync(MIGRATIONS_PATH, { recursive: true });
  const schema = readFileSync(SCHEMA_PATH, 'utf8');
  const { stdout } = await withSchemaEngine({ databaseUrl, schema }, (engine) =>
    engine.diff({
      from: { tag: 'migrations', ...readMigrations(MIGRATIONS_PATH) },
      to: { tag: 'schemaDatamodel', files: [{ path: 'schema.prisma', content: schema }] },
      script: true,
      exitCode: null,
      filters: EVERYTHING,
    }),
  );
  writeFileSync(FINGERPRINT_PATH, `${schemaFingerprint()}\n`);
  const script = stdout?.trim() ?? '';
  if (script === '' || script === '-- This is an empty migration.') {
    console.log('schema and migrations agree: no migration is needed');
    return;
  }
  const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
  const folder = path.join(MIGRATIONS_PATH, `${stamp}_${name}`);
  if (existsSync(folder)) throw new Error(`${folder} exists`);
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'migration.sql'), `${script}\n`);
  console.log(path.relative(process.cwd(), folder));
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
