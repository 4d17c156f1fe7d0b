import { spawnSync } from 'node:child_process';
import path from 'node:path';

const ROOT = path.resolve(__dirname, '..');
/** Where the generated client stands, seen from the root. */
export const CLIENT_PATH = 'src/store/generated';

/**
 * Generates the Prisma client of a schema; it lands where the schema says, relative to the schema.
 *
 * @throws Error with the generator's own words
 */
export function generateClient(schemaPath: string): void {
  const prisma = path.join(path.dirname(require.resolve('prisma/package.json')), 'build/index.js');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [prisma, 'generate', '--schema', schemaPath],
    {
      cwd: ROOT,
      encoding: 'utf8',
      // The engine is not needed to generate; naming any program keeps Prisma from downloading one.
      env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, CHECKPOINT_DISABLE: '1' },
    },
  );
  if (status !== 0) throw new Error(`prisma generate failed:\n${stdout}${stderr}`);
}
