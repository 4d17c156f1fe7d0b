import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import type { Harness } from './run-harness';
import type { TestRun } from './test-run';

/** Histories, rows of every table, and every file of artifacts and journal. */
export async function everythingKept(gatehouse: Harness, started: TestRun): Promise<string[]> {
  const history = JSON.stringify(await started.history(), (_, value) =>
    value?.type === 'Buffer' || value instanceof Uint8Array
      ? Buffer.from(value.data ?? value).toString()
      : value,
  );
  const tables = await sql(
    gatehouse.databaseUrl,
    `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`,
  );
  const rows = await Promise.all(
    tables.map(({ tablename }) => sql(gatehouse.databaseUrl, `SELECT t::text AS row FROM "${tablename}" t`)),
  );
  const files = ['artifacts', 'workspaces/journal'].flatMap((name) =>
    textsBelow(join(gatehouse.folder, name)),
  );
  return [
    history,
    JSON.stringify(await started.transcript()),
    JSON.stringify(await started.events()),
    JSON.stringify(rows),
    ...files,
  ];
}

function textsBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? textsBelow(path) : [readFileSync(path, 'utf8')];
  });
}

/** The rows of one statement. */
export async function sql(url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}
