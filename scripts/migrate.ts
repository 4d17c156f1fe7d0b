/** Brings the database of `DATABASE_URL` up to this release; doing it again changes nothing. */
import { publicMessage } from '../src/domain/errors';
import { migrate } from '../src/store/migrate';

async function main(): Promise<void> {
  const databaseUrl = process.env.DATABASE_URL;
  if (!databaseUrl) {
    console.error('usage: DATABASE_URL=postgresql://… tsx scripts/migrate.ts');
    process.exitCode = 2;
    return;
  }
  const { applied } = await migrate(databaseUrl);
  console.log(applied.length === 0 ? 'the database is up to date' : `applied ${applied.join(', ')}`);
}

main().catch((error: unknown) => {
  console.error(publicMessage(error));
  process.exitCode = 1;
});
