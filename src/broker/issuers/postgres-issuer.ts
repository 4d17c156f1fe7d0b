import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import type { Issuer } from './issuer';
import { scramVerifier } from './scram';

export interface PostgresOptions {
  /** Of a role that may make roles and administers {@link memberOf}. */
  url: string;
  /** Roles whose rights the credential has. */
  memberOf: readonly string[];
  /** Address for programs, where that is not the one above. */
  host?: string;
  port?: number;
}

/** Most connections of one credential. */
const MAX_CONNECTIONS = 8;

/** A login of PostgreSQL for each credential, which can log in until it expires, and is dropped at the end. */
export function createPostgresIssuer(options: PostgresOptions): Issuer {
  const { hostname, port, pathname } = new URL(options.url);
  const database = decodeURIComponent(pathname.slice(1)) || 'postgres';

  return {
    provider: 'postgres',

    async issue({ handle, scope, expiresAt }) {
      const password = randomBytes(24).toString('base64url');
      const name = roleOf(handle);
      await withClient(options.url, async (client) => {
        const role = client.escapeIdentifier(name);
        const groups = options.memberOf.map((group) => client.escapeIdentifier(group)).join(', ');
        // One query is one transaction.
        await client.query(`
          CREATE ROLE ${role} LOGIN INHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS
            CONNECTION LIMIT ${MAX_CONNECTIONS} PASSWORD ${client.escapeLiteral(scramVerifier(password))}
            VALID UNTIL ${client.escapeLiteral(new Date(expiresAt).toISOString())} IN ROLE ${groups};
          ${scope === 'read' ? `ALTER ROLE ${role} SET default_transaction_read_only = on;` : ''}`);
      });
      return {
        env: {
          PGHOST: options.host ?? hostname,
          PGPORT: String(options.port ?? (port || 5432)),
          PGDATABASE: database,
          PGUSER: name,
          PGPASSWORD: password,
        },
        files: {},
        secrets: [password],
      };
    },

    async revoke(handle) {
      await withClient(options.url, async (client) => {
        const name = roleOf(handle);
        const role = client.escapeIdentifier(name);
        const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [name]);
        if (rowCount === 0) return;
        await client.query(`ALTER ROLE ${role} NOLOGIN`);
        await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1', [
          name,
        ]);
        // What it made stays, in the hands of who issued it.
        await client.query(
          `GRANT ${role} TO CURRENT_USER; REASSIGN OWNED BY ${role} TO CURRENT_USER; DROP OWNED BY ${role}; DROP ROLE ${role}`,
        );
      });
      return 'revoked';
    },
  };
}

/** The login that a credential is. */
export function roleOf(handle: string): string {
  return `gatehouse_${handle.replaceAll('-', '_')}`;
}

async function withClient<T>(connectionString: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({
    connectionString,
    connectionTimeoutMillis: 5_000,
    statement_timeout: 5_000,
    application_name: 'gatehouse-broker',
  });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
