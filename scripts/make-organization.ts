/** Makes an organization in the database of `DATABASE_URL` with a key of its first administrator, which it prints once. */
import { createMakeOrganization } from '../src/commands/make-organization';
import { GatehouseError, publicMessage } from '../src/domain/errors';
import { createApiKeyStore } from '../src/store/api-key-store';
import { openDatabase } from '../src/store/database';
import { createOrganizationStore } from '../src/store/organization-store';

/** As agents: what stands in URLs, search attributes and file names alike. */
const ORGANIZATION = /^[a-z0-9][a-z0-9-]{0,62}$/;

async function main(): Promise<void> {
  const { DATABASE_URL: databaseUrl } = process.env;
  const [organization, person] = process.argv.slice(2);
  if (!databaseUrl || !organization || !person) {
    console.error('usage: DATABASE_URL=postgresql://… tsx scripts/make-organization.ts ORGANIZATION PERSON');
    process.exitCode = 2;
    return;
  }
  if (!ORGANIZATION.test(organization))
    throw new GatehouseError(
      'organization-misnamed',
      'an organization is named by up to 63 lower-case letters, digits and hyphens',
    );
  const database = openDatabase(databaseUrl, { poolSize: 1 });
  try {
    const make = createMakeOrganization(createOrganizationStore(database), createApiKeyStore(database));
    console.log(await make({ organization, person }));
    console.error(`key of ${person}, administrator of ${organization}; it is shown this once`);
  } finally {
    await database.close();
  }
}

main().catch((error: unknown) => {
  console.error(publicMessage(error));
  process.exitCode = 1;
});
