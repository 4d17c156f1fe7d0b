/** Fails when the committed client or the migrations do not follow `prisma/schema.prisma`. Needs no database. */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CLIENT_PATH, generateClient } from './generate-client';
import { FINGERPRINT_PATH, SCHEMA_PATH, schemaFingerprint } from './schema-fingerprint';

const COMMITTED = path.resolve(__dirname, '..', CLIENT_PATH);

function main(): void {
  const problems = [
    ...staleClientFiles().map((file) => `${CLIENT_PATH}/${file} is not what the schema gives`),
  ];
  if (problems.length > 0) problems.push('run `npm run generate` and commit the result');
  if (readFingerprint() !== schemaFingerprint())
    problems.push(
      'prisma/schema.prisma changed and no migration leads there: run `DATABASE_URL=postgres://… npx tsx scripts/create-migration.ts NAME`',
    );
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
  else console.log('generated client and migrations follow the schema');
}

function staleClientFiles(): string[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-generated-'));
  try {
    const schema = path.join(folder, 'prisma/schema.prisma');
    cpSync(SCHEMA_PATH, schema);
    generateClient(schema);
    const fresh = path.join(folder, CLIENT_PATH);
    const names = new Set([...filesOf(fresh), ...filesOf(COMMITTED)]);
    return [...names]
      .filter((name) => read(path.join(fresh, name)) !== read(path.join(COMMITTED, name)))
      .sort();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function filesOf(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
}

function read(file: string): string | null {
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

function readFingerprint(): string | undefined {
  return read(FINGERPRINT_PATH)?.trim();
}

main();
