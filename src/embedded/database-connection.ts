import { Client } from 'pg';
import { GatehouseError } from '../domain/errors';

/** Throws `database-unreachable` unless the database answers within five seconds; the text never holds a password. */
export async function checkDatabase(databaseUrl: string): Promise<void> {
  await withClient(databaseUrl, (client) => client.query('select 1'));
}

/** Opens a connection, does the work, closes. Errors of connecting become `database-unreachable`. */
export async function withClient<T>(databaseUrl: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = openClient(databaseUrl);
  // A server that goes away while a connection is idle is reported by the query that follows.
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (cause) {
    throw new GatehouseError(
      'database-unreachable',
      `the database at \`${placeOf(databaseUrl)}\` cannot be used (${reasonOf(cause)}): start it, or check \`DATABASE_URL\``,
      { cause },
    );
  }
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function openClient(databaseUrl: string): Client {
  try {
    return new Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5_000 });
  } catch (cause) {
    throw invalidUrl(cause);
  }
}

function placeOf(databaseUrl: string): string {
  try {
    const { hostname, port, pathname } = new URL(databaseUrl);
    return `${hostname}:${port || '5432'}${pathname}`;
  } catch (cause) {
    throw invalidUrl(cause);
  }
}

function invalidUrl(cause: unknown): GatehouseError {
  return new GatehouseError(
    'database-unreachable',
    '`DATABASE_URL` is not a database address: write it as `postgresql://user:password@host:port/database`',
    { cause },
  );
}

function reasonOf(cause: unknown): string {
  switch ((cause as NodeJS.ErrnoException).code) {
    case 'ECONNREFUSED':
      return 'nothing listens there';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the host is unknown';
    case '28P01':
    case '28000':
      return 'it refused the user or password';
    case '3D000':
      return 'there is no such database';
    case '57P03':
      return 'it is starting up or shutting down';
    default:
      return cause instanceof Error && /timeout/i.test(cause.message) ? 'no answer' : 'the connection failed';
  }
}
