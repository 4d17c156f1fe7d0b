import { createHash } from 'node:crypto';
import { PrismaPg } from '@prisma/adapter-pg';
import { GatehouseError } from '../domain/errors';
import { PrismaClient } from './generated/client';

export interface Database {
  client: PrismaClient;
  /** @throws GatehouseError `database-unreachable` when the database does not answer */
  ready(): Promise<void>;
  /** A store whose failures to reach the database are all `database-unreachable`. */
  guarded<Store extends object>(store: Store): Store;
  close(): Promise<void>;
}

/** How long a connection may take, in milliseconds. */
const CONNECT_TIMEOUT_MS = 5_000;
/** A busy machine is waited for longer than Prisma does by itself, which is 2 s, then 5 s. */
const TRANSACTION = { maxWait: 10_000, timeout: 20_000 };

/**
 * Opens a PostgreSQL database; connections are made when first needed.
 *
 * @param url `postgres://user:password@host:port/name`
 * @param options.poolSize most connections at once. @default 10
 * @throws GatehouseError `database-url-malformed`
 */
export function openDatabase(url: string, { poolSize = 10 }: { poolSize?: number } = {}): Database {
  const place = placeOf(url);
  const adapter = new PrismaPg(
    { connectionString: url, max: poolSize, connectionTimeoutMillis: CONNECT_TIMEOUT_MS },
    {
      // Named statements are planned once a connection.
      statementNameGenerator: ({ sql }) => createHash('sha1').update(sql).digest('base64'),
      // A connection lost while idle shows with the next query.
      onPoolError: () => undefined,
      onConnectionError: () => undefined,
    },
  );
  const client = new PrismaClient({ adapter, transactionOptions: TRANSACTION });
  const clear = (cause: unknown) => clearError(cause, place);
  return {
    client,
    async ready() {
      await client.$queryRaw`SELECT 1`.catch((cause: unknown) => Promise.reject(clear(cause)));
    },
    guarded: (store) => guard(store, clear),
    close: () => client.$disconnect(),
  };
}

/** @throws GatehouseError `database-url-malformed`; the address itself may hold a password and is not repeated */
export function placeOf(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url);
    if (!/^postgres(ql)?:$/.test(protocol)) throw new TypeError(protocol);
    return `${host}${pathname}`;
  } catch (cause) {
    throw new GatehouseError(
      'database-url-malformed',
      'the address of the database is not of the form `postgres://user:password@host:port/name`',
      { cause },
    );
  }
}

/** The error that says which database did not answer, where that is what happened; else the error as it came. */
export function clearError(cause: unknown, place: string): unknown {
  if (!isUnreachable(cause)) return cause;
  return new GatehouseError(
    'database-unreachable',
    `the database at \`${place}\` does not answer; check that PostgreSQL runs there and lets this process in`,
    { cause },
  );
}

function guard<Store extends object>(store: Store, clear: (cause: unknown) => unknown): Store {
  const guarded: Record<string, unknown> = {};
  for (const [name, method] of Object.entries(store))
    guarded[name] =
      typeof method === 'function'
        ? async (...args: unknown[]) => {
            try {
              return await Reflect.apply(method, store, args);
            } catch (cause) {
              throw clear(cause);
            }
          }
        : method;
  return guarded as Store;
}

// Prisma's codes for: not reachable, timed out, refused, no such database, closed, pool or transaction not to be had.
const UNREACHABLE_CODES = new Set([
  'P1000',
  'P1001',
  'P1002',
  'P1003',
  'P1008',
  'P1010',
  'P1011',
  'P1017',
  'P2024',
  'P2037',
]);
// PostgreSQL's and Node's: connection lost, starting up or shutting down, refused.
const UNREACHABLE_DRIVER_CODES =
  /^(08...|57P0[1-3]|28...|3D000|53300|E(CONNREFUSED|CONNRESET|TIMEDOUT|PIPE|HOSTUNREACH)|ENOTFOUND)$/;
const UNREACHABLE_TEXTS =
  /can't reach database server|unable to start a transaction|connection terminated|timeout exceeded when trying to connect|server has closed the connection|not currently accepting connections/i;

// The driver adapter's own names for the same.
const UNREACHABLE_KINDS = new Set([
  'DatabaseNotReachable',
  'DatabaseDoesNotExist',
  'DatabaseAccessDenied',
  'AuthenticationFailed',
  'ConnectionClosed',
  'SocketTimeout',
  'TooManyConnections',
  'TlsConnectionError',
]);

function isUnreachable(cause: unknown, depth = 0): boolean {
  if (typeof cause !== 'object' || cause === null || depth > 6) return false;
  const {
    code,
    errorCode,
    originalCode,
    kind,
    message,
    meta,
    driverAdapterError,
    cause: deeper,
  } = cause as Record<string, unknown>;
  for (const each of [code, errorCode, originalCode])
    if (typeof each === 'string' && (UNREACHABLE_CODES.has(each) || UNREACHABLE_DRIVER_CODES.test(each)))
      return true;
  if (typeof kind === 'string' && UNREACHABLE_KINDS.has(kind)) return true;
  if (typeof message === 'string' && UNREACHABLE_TEXTS.test(message)) return true;
  return [meta, driverAdapterError, deeper].some((inner) => isUnreachable(inner, depth + 1));
}
