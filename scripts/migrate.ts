/**
 * Brings the database of `DATABASE_URL`, its owner's, up to this release, and gives `GATEHOUSE_RUNTIME_ROLE`, where it is
 * set, the rights of control and API; doing it again changes nothing.
 */
import { publicMessage } from '../src/domain/errors';
import { migrate } from '../src/store/migrate';
import { grantRuntimeRole } from '../src/store/runtime-role';

async function main(): Promise<void> {
  const { DATABASE_URL: databaseUrl, GATEHOUSE_RUNTIME_ROLE: role } = process.env;
  if (!databaseUrl) {
    console.error('usage: DATABASE_URL=postgresql://… tsx scripts/migrate.ts');
    process.exitCode = 2;
    return;
  }
  const { applied } = await migrate(databaseUrl);
  console.log(applied.length === 0 ? 'the database is up to date' : `applied ${applied.join(', ')}`);
  if (!role) return;
  await grantRuntimeRole(databaseUrl, role);
  console.log(`role ${role} has the rights of control and API`);
}

main().catch((error: unknown) => {
  console.error(publicMessage(error));
  process.exitCode = 1;
});
