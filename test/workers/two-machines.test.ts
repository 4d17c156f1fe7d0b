import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { makeAuthority } from '../support/certificates';
import { type Harness, startHarness } from '../support/run-harness';
import { type SandboxHost, sandboxHost } from '../support/sandbox-process';
import { call } from '../support/scripted-agent';
import { scheduled, type TestRun } from '../support/test-run';

jest.setTimeout(120_000);

const TOKEN = 'Hn4-Qw8Zr2+Lk6Ty9';
const channelAuthority = makeAuthority('Channel');
const brokerAuthority = makeAuthority('Broker');

let gatehouse: Harness;
let host: SandboxHost;
let channelPort: number;

// The sandbox host is a process of its own that shares no socket with the others: all it says to them, it says by TLS.
beforeAll(async () => {
  const issuer = { kind: 'static', env: { DEV_TOKEN: TOKEN } };
  const offers = [{ account: 'dev', role: 'reader', scope: 'read', issuer, organizations: ['local'] }];
  gatehouse = await startHarness({ offers });
  await gatehouse.stop('sandbox');
  channelPort = await freePort();
  const broker = `https://localhost:${await freePort()}`;
  const sandboxFiles = certificates('sandbox-of-broker', brokerAuthority, 'sandbox');
  const controlFiles = certificates('control', brokerAuthority, 'localhost');
  host = sandboxHost(gatehouse, 'far', {
    GATEHOUSE_CHANNEL_LISTEN: `127.0.0.1:${channelPort}`,
    ...channelEnvironment(certificates('far', channelAuthority, 'localhost')),
    GATEHOUSE_BROKER: broker,
    ...brokerEnvironment(sandboxFiles),
  });
  await gatehouse.restart('control', {
    GATEHOUSE_SANDBOX_PUBLIC_KEYS: host.publicKey,
    GATEHOUSE_BROKER: broker,
    ...brokerEnvironment(controlFiles),
  });
  await host.start();
  await runnerShows(channelAuthority);
});
afterAll(async () => {
  await host?.kill();
  await gatehouse?.close();
});

async function runnerShows(shown: typeof channelAuthority): Promise<void> {
  const files = certificates('runner', shown, 'runner');
  await gatehouse.restart('runner', {
    GATEHOUSE_CHANNELS: `far=https://localhost:${channelPort}`,
    ...channelEnvironment(files),
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

interface Files {
  certificate: string;
  privateKey: string;
  authority: string;
}

function certificates(name: string, authority: typeof channelAuthority, subject: string): Files {
  const folder = join(gatehouse.folder, 'tls', name);
  mkdirSync(folder, { recursive: true });
  const { certificate, privateKey } = authority.certify(subject);
  const write = (file: string, content: Buffer) => {
    writeFileSync(join(folder, file), content, { mode: 0o600 });
    return join(folder, file);
  };
  return {
    certificate: write('own.crt', certificate),
    privateKey: write('own.key', privateKey),
    authority: write('authority.crt', authority.certificate),
  };
}

const channelEnvironment = ({ certificate, privateKey, authority }: Files) => ({
  GATEHOUSE_CHANNEL_CERTIFICATE: certificate,
  GATEHOUSE_CHANNEL_PRIVATE_KEY: privateKey,
  GATEHOUSE_CHANNEL_AUTHORITY: authority,
});

const brokerEnvironment = ({ certificate, privateKey, authority }: Files) => ({
  GATEHOUSE_BROKER_TLS_CERT: certificate,
  GATEHOUSE_BROKER_TLS_KEY: privateKey,
  GATEHOUSE_BROKER_TLS_CA: authority,
});

/** How many times calls went to the host as an activity, by Temporal. */
const executions = async (run: TestRun) => scheduled(await run.history(), 'executeTool').length;

test('a run reads over the channel and gets a credential from the broker, both by mutual TLS to another process', async () => {
  const agent = await gatehouse.agent({ tier: 'SANDBOX' }, [
    { calls: [call('write-file', { path: 'notes.md', content: 'far away\n' })] },
    { calls: [call('read-file', { path: 'notes.md' })] },
    { calls: [call('cloud-credentials', { account: 'dev', role: 'reader', scope: 'read' })] },
    {
      calls: [call('run-command', { command: 'printf "%s" "$DEV_TOKEN" | wc -c > size.txt; cat size.txt' })],
    },
    { say: 'done' },
  ]);
  const run = await gatehouse.start({ agent, prompt: 'Use the account dev as reader, to read.' });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'done' });
  // All but the read, which took the channel.
  expect(await executions(run)).toBe(3);
  const [, read, , size] = await run.outcomes();
  expect(read).toMatchObject({ kind: 'done', text: 'far away\n' });
  expect(size).toMatchObject({ kind: 'done', text: expect.stringMatching(`^${TOKEN.length}\\b`) });
  expect(JSON.stringify(await run.transcript())).not.toContain(TOKEN);
});

test('where the runner shows a certificate of another authority, its reads run as activities and the run goes on', async () => {
  await runnerShows(makeAuthority('Somebody else'));
  const agent = await gatehouse.agent({ tier: 'SANDBOX' }, [
    { calls: [call('write-file', { path: 'notes.md', content: 'far away\n' })] },
    { calls: [call('read-file', { path: 'notes.md' })] },
    { say: 'done' },
  ]);
  const run = await gatehouse.start({ agent });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'done' });
  expect(await executions(run)).toBe(2);
});
