import { mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { withClient } from '../../src/embedded/database-connection';
import { processIdentity, readProcessRecord } from '../../src/embedded/process-identity';
import { type StackOptions, startStack } from '../../src/embedded/stack';
import { createTestDatabase, useStack } from '../support/stack';
import { waitUntil } from '../support/wait-until';
import { runFixture } from './run-fixture';
import { temporaryFolder } from './temporary-folder';

interface Addresses {
  databaseUrl: string;
  temporalAddress: string;
  temporalUi: string;
}

const root = temporaryFolder();
const newFolder = () => mkdtemp(join(root, 'data-'));
const start = (dataDir: string, more: Partial<StackOptions> = {}) =>
  startStack({ dataDir, environment: process.env, progress: () => undefined, ...more });

async function withTemporal<T>(address: string, work: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await work(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

async function serversOf(folder: string) {
  const records = await Promise.all(
    ['postgres', 'temporal'].map((name) => readProcessRecord(join(folder, 'run', `${name}.json`))),
  );
  return records.map((record) => record?.pid ?? 0);
}

const isGone = async (pid: number) => (await processIdentity(pid)) === null;

test('a killed stack leaves no server, and its successor has the same data, workflows and addresses', async () => {
  const folder = join(await newFolder(), 'new', 'data');
  const { line: first, kill } = await runFixture<Addresses>('hold-stack.ts', [folder]);
  await withClient(first.databaseUrl, async (client) => {
    await client.query('create table kept (word text)');
    await client.query("insert into kept values ('still here')");
  });
  await withTemporal(first.temporalAddress, ({ workflow }) =>
    workflow.start('agentRun', {
      taskQueue: 'nobody',
      workflowId: 'run-kept',
      searchAttributes: { GatehouseStatus: ['QUEUED'], GatehouseTier: ['DRAFT'] },
    }),
  );
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(statSync(join(folder, 'postgres.password')).mode & 0o777).toBe(0o600);

  await expect(start(folder)).rejects.toMatchObject({
    code: 'data-dir-in-use',
    message: expect.stringMatching(/^the data folder `.*` is in use by process \d+: /),
  });
  expect((await fetch(first.temporalUi)).status).toBe(200);

  const pids = await serversOf(folder);
  expect(await Promise.all(pids.map(isGone))).toEqual([false, false]);
  await kill();
  for (const pid of pids) await waitUntil(() => isGone(pid), `server ${pid} is gone`);

  const stack = await start(folder);
  try {
    expect(stack).toMatchObject({ databaseUrl: first.databaseUrl, temporalAddress: first.temporalAddress });
    expect(stack.temporalUi?.href).toBe(first.temporalUi);
    const kept = await withClient(stack.databaseUrl, (client) => client.query('select word from kept'));
    expect(kept.rows).toEqual([{ word: 'still here' }]);
    await withTemporal(stack.temporalAddress, async ({ workflow }) => {
      const description = await workflow.getHandle('run-kept').describe();
      expect(description).toMatchObject({
        status: { name: 'RUNNING' },
        searchAttributes: { GatehouseTier: ['DRAFT'] },
      });
    });
  } finally {
    await stack.stop();
  }
  expect(await readProcessRecord(join(folder, 'lock.json'))).toBeNull();
});

test('a successor that starts while the servers of a killed stack still run takes over their data', async () => {
  const folder = await newFolder();
  const { line: first, kill } = await runFixture<Addresses>('hold-stack.ts', [folder]);
  const pids = await serversOf(folder);
  await kill();
  const stack = await start(folder);
  expect(stack).toMatchObject({ databaseUrl: first.databaseUrl, temporalAddress: first.temporalAddress });
  expect(await Promise.all(pids.map(isGone))).toEqual([true, true]);
  await stack.stop();
});

test('a stack says so when a server ends by itself', async () => {
  const { temporalAddress } = await useStack();
  const stack = await start(await newFolder(), { temporalAddress });
  const [postgres = 0] = await serversOf(stack.dataDir);
  process.kill(postgres, 'SIGQUIT');
  await expect(stack.failed).resolves.toMatchObject({
    code: 'server-ended',
    message: expect.stringMatching(/^`postgres` ended /),
  });
  await stack.stop();
});

test('with servers of the user nothing is started', async () => {
  const { temporalAddress } = await useStack();
  const { url, drop } = await createTestDatabase();
  const stack = await start(await newFolder(), { temporalAddress, databaseUrl: url });
  expect(stack).toMatchObject({ databaseUrl: url, temporalAddress, temporalUi: null, namespace: 'default' });
  expect(await serversOf(stack.dataDir)).toEqual([0, 0]);
  await stack.stop();
  await drop();
});

test.each([
  [
    'postgresql://someone:hunter2@127.0.0.1:1/x',
    'the database at `127.0.0.1:1/x` cannot be used (nothing listens there)',
  ],
  [
    'postgresql://someone:hunter2@no-such-host.invalid/x',
    'the database at `no-such-host.invalid:5432/x` cannot be used (the host is unknown)',
  ],
  ['hunter2', '`DATABASE_URL` is not a database address'],
])('a database that cannot be reached is named without its password: %s', async (databaseUrl, message) => {
  const error = await start(await newFolder(), { databaseUrl }).catch((thrown) => thrown);
  expect(error).toMatchObject({ code: 'database-unreachable', message: expect.stringContaining(message) });
  expect(error.message).not.toContain('hunter2');
});

test('a Temporal server that cannot be reached is named, and the database is stopped again', async () => {
  const folder = await newFolder();
  await expect(start(folder, { temporalAddress: '127.0.0.1:1' })).rejects.toMatchObject({
    code: 'temporal-unreachable',
    message: expect.stringContaining('`127.0.0.1:1`'),
  });
  expect(await serversOf(folder)).toEqual([0, 0]);
});

test('a port that was asked for and is taken is refused', async () => {
  const { temporalAddress } = await useStack();
  const listener = createServer();
  const port = await new Promise<number>((resolve) => {
    listener.listen(0, '127.0.0.1', () => resolve((listener.address() as { port: number }).port));
  });
  const started = start(await newFolder(), { temporalAddress, askedPorts: { postgres: port } });
  await expect(started).rejects.toMatchObject({
    code: 'port-in-use',
    message: `port \`${port}\` for \`postgres\` is in use: stop what listens there or choose another port`,
  });
  listener.close();
});

describe('a data folder', () => {
  let folder = '';
  const restart = async () => {
    const { temporalAddress } = await useStack();
    const stack = await start(folder, { temporalAddress });
    await stack.stop();
  };
  beforeAll(async () => {
    folder = await newFolder();
    await restart();
  });

  test('where a file stands in its place is refused', async () => {
    const file = join(root, 'a-file');
    writeFileSync(file, '');
    await expect(start(join(file, 'data'))).rejects.toMatchObject({
      code: 'data-dir-not-writable',
      message: expect.stringContaining('(a file is in its place)'),
    });
  });

  test.each(
    process.platform === 'linux' ? ['/sys/gatehouse', '/proc/gatehouse/data'] : ['/System/gatehouse'],
  )('on a disk that takes no writing is refused: %s', async (place) => {
    await expect(start(place)).rejects.toMatchObject({ code: 'data-dir-not-writable' });
  });

  test('with a server file of a killed PostgreSQL, whose number belongs to another program now, starts', async () => {
    const stale = `${process.ppid}\n${folder}/postgres\n`;
    writeFileSync(join(folder, 'postgres', 'postmaster.pid'), stale);
    await restart();
  });

  test('with a database that was half made when it was killed starts', async () => {
    mkdirSync(join(folder, 'postgres.new', 'base'), { recursive: true });
    await rename(join(folder, 'postgres'), join(folder, 'aside'));
    await restart();
    await rm(join(folder, 'postgres'), { recursive: true });
    await rename(join(folder, 'aside'), join(folder, 'postgres'));
    await expect(restart()).rejects.toMatchObject({
      code: 'data-dir-corrupted',
      message: expect.stringContaining('refuses its own password'),
    });
  });

  test('with a database of another version is refused', async () => {
    const file = join(folder, 'postgres', 'PG_VERSION');
    const version = readFileSync(file, 'utf8');
    writeFileSync(file, '9\n');
    await expect(restart()).rejects.toMatchObject({
      code: 'data-dir-corrupted',
      message: expect.stringContaining('it is of PostgreSQL 9, not 18'),
    });
    writeFileSync(file, version);
  });

  test('with a damaged database is refused with what PostgreSQL says', async () => {
    truncateSync(join(folder, 'postgres', 'global', 'pg_control'), 100);
    await expect(restart()).rejects.toMatchObject({
      code: 'process-not-ready',
      message: expect.stringMatching(/^`postgres` ended .*, see `.*postgres\.log`; it said: .*pg_control/),
    });
  });

  test('without its password is refused', async () => {
    await rm(join(folder, 'postgres.password'));
    await expect(restart()).rejects.toMatchObject({
      code: 'data-dir-corrupted',
      message: expect.stringContaining('the database password is missing'),
    });
  });

  test('with a damaged workflow database is refused with what Temporal says', async () => {
    const other = await newFolder();
    const { url, drop } = await createTestDatabase();
    writeFileSync(join(other, 'temporal.db'), 'this is no database '.repeat(500));
    await expect(start(other, { databaseUrl: url })).rejects.toMatchObject({
      code: 'process-not-ready',
      message: expect.stringMatching(/^`temporal` ended with exit code 1, see `.*temporal\.log`/),
    });
    await drop();
  });
});
