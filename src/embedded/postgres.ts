import { randomBytes } from 'node:crypto';
import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GatehouseError } from '../domain/errors';
import { withClient } from './database-connection';
import type { Ports } from './ports';
import { exists, type PostgresBinaries, preparePostgresBinaries } from './postgres-binaries';
import type { ManagedProcess, ProcessGroup } from './process';
import { processIdentity } from './process-identity';
import { type HostEnvironment, type Progress, reportIfSlow, runToEnd } from './programs';
import { type CommandPrefix, unprivilegedPrefix } from './unprivileged';

export interface PostgresOptions {
  dataDir: string;
  processes: ProcessGroup;
  ports: Ports;
  environment: HostEnvironment;
  progress: Progress;
  /** Throws `port-in-use` when taken. Without it a free one is found. */
  port?: number;
  /** `false` trades safety against a power cut for speed; for tests. @default true */
  isDurable?: boolean;
}

export interface Postgres {
  /** Of the database `gatehouse`, with its password. */
  databaseUrl: string;
  process: ManagedProcess;
}

const user = 'gatehouse';
const database = 'gatehouse';

/**
 * Starts a PostgreSQL of our own on 127.0.0.1, with its data in `<dataDir>/postgres` and the password beside it in a
 * file of mode 0600. Throws `postgres-unavailable`, `postgres-as-root`, `data-dir-corrupted` or `process-not-ready`.
 */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const { dataDir, environment, processes, progress } = options;
  const binaries = await preparePostgresBinaries();
  const prefix = await unprivilegedPrefix(environment);
  const cluster = join(dataDir, 'postgres');
  if (!(await exists(cluster))) {
    await reportIfSlow(
      progress,
      'preparing a PostgreSQL database',
      initialise(cluster, binaries, prefix, options),
    );
  }
  await checkCluster(cluster, binaries, environment);
  const password = await readPassword(dataDir);
  const port = await options.ports.choose('postgres', options.port);
  const maintenanceUrl = `postgresql://${user}:${password}@127.0.0.1:${port}/postgres`;
  const [command = '', ...args] = [...prefix, binaries.postgres, ...serverArguments(cluster, port, options)];
  const startServer = async () => {
    await removeStaleServerFile(cluster);
    return processes.start({
      name: 'postgres',
      command,
      args,
      environment: serverEnvironment,
      readiness: { kind: 'probe', probe: () => answers(maintenanceUrl) },
    });
  };
  const process = await reportIfSlow(progress, 'starting PostgreSQL', retryWhileMemoryIsHeld(startServer));
  await createDatabase(maintenanceUrl);
  return { process, databaseUrl: `postgresql://${user}:${password}@127.0.0.1:${port}/${database}` };
}

const serverEnvironment = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

// Everything is made under another name and renamed at the end, so that a kill half-way leaves no half a database.
async function initialise(
  cluster: string,
  { initdb }: PostgresBinaries,
  prefix: CommandPrefix,
  { dataDir, isDurable }: PostgresOptions,
): Promise<void> {
  const draft = `${cluster}.new`;
  await rm(draft, { recursive: true, force: true });
  const passwordFile = passwordFileOf(dataDir);
  await writeFile(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 });
  await chmod(passwordFile, 0o600);
  const [command = '', ...args] = [
    ...prefix,
    initdb,
    `--pgdata=${draft}`,
    `--username=${user}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    ...(isDurable === false ? ['--no-sync'] : []),
  ];
  const { exitCode, output } = await runToEnd(command, args, {
    environment: serverEnvironment,
    timeoutMs: 120_000,
  });
  if (exitCode !== 0) {
    // The last line only says that initdb cleans up after itself.
    const lines = output.trim().split('\n');
    const reason = lines.find((line) => /\b(?:error|fatal|could not)\b/i.test(line)) ?? lines.at(-1) ?? '';
    throw new GatehouseError(
      'postgres-unavailable',
      `a PostgreSQL database could not be made in \`${draft}\` (${reason.slice(0, 200)}): repair that, or set \`DATABASE_URL\``,
      { cause: output },
    );
  }
  await rename(draft, cluster);
}

async function checkCluster(
  cluster: string,
  { postgres }: PostgresBinaries,
  environment: HostEnvironment,
): Promise<void> {
  const [found, { output }] = await Promise.all([
    readFile(join(cluster, 'PG_VERSION'), 'utf8').catch(() => ''),
    runToEnd(postgres, ['--version'], { environment }),
  ]);
  const wanted = /(\d+)\./.exec(output)?.[1] ?? '';
  if (found.trim() === '') throw corrupted(cluster, 'it holds no PostgreSQL database');
  if (wanted !== '' && found.trim() !== wanted) {
    throw corrupted(cluster, `it is of PostgreSQL ${found.trim().slice(0, 10)}, not ${wanted}`);
  }
}

async function readPassword(dataDir: string): Promise<string> {
  const file = passwordFileOf(dataDir);
  const password = await readFile(file, 'utf8').catch(() => '');
  if (!/^[\w-]{20,}$/.test(password.trim())) throw corrupted(file, 'the database password is missing');
  return password.trim();
}

function serverArguments(cluster: string, port: number, { isDurable }: PostgresOptions): string[] {
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    shared_buffers: '64MB',
    log_timezone: 'UTC',
    timezone: 'UTC',
    ...(isDurable === false ? { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' } : {}),
  };
  return [
    '-D',
    cluster,
    '-p',
    String(port),
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}

// PostgreSQL keeps out of a folder whose recorded server number is in use, by whatever program: after a kill that
// number may belong to anyone. We hold the folder's lock and have ended our predecessor, so only a PostgreSQL that
// somebody started by hand counts; that one is left to PostgreSQL's own message.
async function removeStaleServerFile(cluster: string): Promise<void> {
  const file = join(cluster, 'postmaster.pid');
  const pid = Number.parseInt(await readFile(file, 'utf8').catch(() => ''), 10);
  if (Number.isNaN(pid) || (await processIdentity(pid)) === null || !(await isPostgres(pid))) {
    await rm(file, { force: true });
  }
}

async function isPostgres(pid: number): Promise<boolean> {
  const { output } = await runToEnd(
    '/bin/sh',
    ['-c', `cat /proc/${pid}/cmdline || ps -o command= -p ${pid}`],
    {
      environment: { PATH: '/usr/bin:/bin' },
    },
  );
  return /\bpostgres\b/.test(output);
}

// After a kill, the last worker of the old server may hold its shared memory for a moment.
async function retryWhileMemoryIsHeld<T>(start: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start();
    } catch (error) {
      const log = error instanceof GatehouseError ? String(error.cause ?? '') : '';
      if (attempt === 5 || !log.includes('shared memory block')) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  }
}

async function answers(maintenanceUrl: string): Promise<boolean> {
  try {
    await withClient(maintenanceUrl, (client) => client.query('select 1'));
    return true;
  } catch (error) {
    const code = (error as { cause?: { code?: string } }).cause?.code;
    if (code !== '28P01') return false;
    throw new GatehouseError(
      'data-dir-corrupted',
      'the embedded database refuses its own password: restore `postgres.password`, or move the data folder away and start again',
      { cause: error },
    );
  }
}

async function createDatabase(maintenanceUrl: string): Promise<void> {
  await withClient(maintenanceUrl, async (client) => {
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [database]);
    if (rowCount === 0) await client.query(`create database ${database}`);
  });
}

function passwordFileOf(dataDir: string): string {
  return join(dataDir, 'postgres.password');
}

function corrupted(path: string, what: string): GatehouseError {
  return new GatehouseError(
    'data-dir-corrupted',
    `\`${path}\` is damaged (${what}): restore it, or move the data folder away and start again`,
  );
}
