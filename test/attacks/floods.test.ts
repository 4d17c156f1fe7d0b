import { readdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import type { IssuedCredential } from '../../src/domain/credential';
import { createHeldCredentials } from '../../src/sandbox/held-credentials';
import { type Host, openHost } from '../sandbox/support/host';

/** What a program tries against the worker that serves it: each of its runs would stand still with it. */
let host: Host;
let sink: Server;
let port: number;
const logged: string[] = [];
beforeAll(async () => {
  // Takes connections, and says nothing.
  sink = createServer((socket) => socket.on('error', () => {}).resume());
  await new Promise<void>((resolve) => sink.listen(0, '127.0.0.1', resolve));
  port = (sink.address() as AddressInfo).port;
  const credential: IssuedCredential = {
    ...{ handle: 'cred-1', provider: 'static', account: 'a', role: 'r', scope: 'read' },
    ...{ expiresAt: Date.now() + 600_000, callId: 'before', isForCall: false },
    material: {
      ...{ env: {}, files: {}, secrets: ['a-secret-of-the-api'] },
      header: { host: 'closed.test:1', name: 'X-Key', template: '{}', secret: 'a-secret-of-the-api' },
    },
  };
  host = openHost({
    network: [
      `quiet.test:${port}`,
      'front.test',
      'closed.test:1',
      '127.0.0.1',
      `127.0.0.1:${port}`,
      '127.0.0.1:1',
    ],
    sandbox: {
      resolve: (_, __, done) => done(null, [{ address: '127.0.0.1', family: 4 }]),
      log: (message) => logged.push(message),
    },
    credentials: createHeldCredentials({
      redeem: async () => ({ credentials: [credential], gone: [] }),
      issue: () => Promise.reject(new Error('not asked for here')),
      release: async () => {},
    }),
  });
  await host.prepare();
  await host.prepare('run-2');
});
afterAll(async () => {
  host?.close();
  await new Promise((resolve) => sink.close(resolve));
});
afterEach(async () => {
  const { outcomes } = await host.execute('script', { script: 'echo on' }, 'sandbox');
  expect(outcomes[0]?.text).toBe('on\n');
});

const descriptors = () => readdirSync('/proc/self/fd').length;

test('thousands of connections to the proxy take no descriptors from the other runs', async () => {
  const before = descriptors();
  let most = 0;
  const script = `perl -MSocket -e 'for (1 .. 3000) { socket(my $s, AF_UNIX, SOCK_STREAM, 0) or last; connect($s, pack_sockaddr_un("/run/gatehouse/egress.sock")) or last; syswrite($s, "CONNECT quiet.test:${port} HTTP/1.1\\r\\n\\r\\n"); push @open, $s } print scalar @open; sleep 3'`;
  let isOver = false;
  const flood = host.execute('script', { script, timeoutMs: 30_000 }, 'sandbox').finally(() => {
    isOver = true;
  });
  while (!isOver) {
    const { outcomes } = await host.execute('script', { script: 'echo on' }, 'draft', { sub: 'run-2' });
    expect(outcomes[0]?.text).toBe('on\n');
    most = Math.max(most, descriptors() - before);
  }
  await flood;
  // Three for each of 256 connections, one of them the other end's here, and what the other run's calls take.
  expect(most).toBeLessThan(1_000);
}, 60_000);

test('a TLS hello in thousands of pieces costs the worker little', async () => {
  const record = '\\x16\\x03\\x01\\x00\\x01';
  const script = `perl -MSocket -e '$SIG{PIPE} = "IGNORE"; for (1 .. 4) { next if fork; socket(my $s, AF_UNIX, SOCK_STREAM, 0); connect($s, pack_sockaddr_un("/run/gatehouse/egress.sock")); syswrite($s, "CONNECT quiet.test:${port} HTTP/1.1\\r\\n\\r\\n"); sysread($s, my $x, 100); syswrite($s, "${record}\\x01${record}\\x00${record}\\xf0"); my $end = time + 6; while (time < $end) { syswrite($s, "${record}\\x00") or last; select(undef, undef, undef, 0.0001) } exit } 1 while wait > 0'`;
  const before = process.cpuUsage();
  const { refusedHosts } = await host.execute('script', { script, timeoutMs: 30_000 }, 'sandbox');
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1_000).toBeLessThan(1_000);
  expect(refusedHosts).toMatchObject([{ host: 'quiet.test', reason: 'misdirected' }]);
}, 60_000);

test('requests that fail without end do not fill the log of the worker', async () => {
  const script = `for i in $(seq 60); do curl -sS -k -m 2 https://closed.test:1/ -o /dev/null & done; wait`;
  await host.execute('script', { script, timeoutMs: 60_000 }, 'sandbox');
  expect(logged.length).toBeGreaterThan(0);
  expect(logged.length).toBeLessThanOrEqual(20);
}, 90_000);
