import { Client } from 'pg';
import { clearError, placeOf } from './database';

/** Only ever added to: whoever works with the database day by day may not change, delete or empty them. */
const APPEND_ONLY = [
  'AuditRecord',
  'OrganizationAuditRecord',
  'DecisionRecord',
  'RunEvent',
  'CustomPolicyVersion',
  'CustomPolicyTests',
  'PolicySnapshot',
] as const;

/** Changed, and never deleted. */
const KEPT = ['Organization', 'Run', 'Approval', 'Question', 'StandingApproval', 'Credential'] as const;

/**
 * Gives a role what control and API need to work, and nothing to rewrite the past with: no change of append-only tables,
 * no TRUNCATE, no trigger, no DDL. To be said again after each migration, whose new tables it does not know otherwise.
 *
 * @param ownerUrl of the role that migrates
 * @throws GatehouseError `database-unreachable`
 */
export async function grantRuntimeRole(ownerUrl: string, role: string): Promise<void> {
  await asOwner(ownerUrl, async (client) => {
    const name = client.escapeIdentifier(role);
    const tables = (names: readonly string[]) =>
      names.map((table) => client.escapeIdentifier(table)).join(', ');
    // One query is one transaction: nobody meets the role without its rights.
    await client.query(`
      REVOKE ALL ON ALL TABLES IN SCHEMA public FROM ${name};
      REVOKE CREATE ON SCHEMA public FROM PUBLIC;
      GRANT USAGE ON SCHEMA public TO ${name};
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${name};
      REVOKE UPDATE, DELETE ON ${tables(APPEND_ONLY)} FROM ${name};
      REVOKE DELETE ON ${tables(KEPT)} FROM ${name};
      REVOKE INSERT, UPDATE, DELETE ON "_prisma_migrations" FROM ${name};`);
  });
}

/**
 * Makes the runtime role, or gives it this password, and its rights.
 *
 * @returns false where the owner may not make roles
 * @throws GatehouseError `database-unreachable`
 */
export async function ensureRuntimeRole(
  ownerUrl: string,
  { role, password }: { role: string; password: string },
): Promise<boolean> {
  const isMade = await asOwner(ownerUrl, async (client) => {
    const { rows } = await client.query(
      'SELECT rolsuper OR rolcreaterole AS may FROM pg_roles WHERE rolname = current_user',
    );
    if (rows[0]?.may !== true) return false;
    const known = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
    await client.query(
      `${known.rowCount ? 'ALTER' : 'CREATE'} ROLE ${client.escapeIdentifier(role)}
       LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD ${client.escapeLiteral(password)}`,
    );
    const { rows: databases } = await client.query('SELECT current_database() AS name');
    await client.query(
      `GRANT CONNECT ON DATABASE ${client.escapeIdentifier(databases[0].name)} TO ${client.escapeIdentifier(role)}`,
    );
    return true;
  });
  if (isMade) await grantRuntimeRole(ownerUrl, role);
  return isMade;
}

async function asOwner<T>(ownerUrl: string, work: (client: Client) => Promise<T>): Promise<T> {
  const place = placeOf(ownerUrl);
  const client = new Client({ connectionString: ownerUrl, connectionTimeoutMillis: 5_000 });
  try {
    await client.connect();
    return await work(client);
  } catch (cause) {
    throw clearError(cause, place);
  } finally {
    await client.end().catch(() => undefined);
  }
}
