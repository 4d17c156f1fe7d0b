import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Attacked, openAttacked } from './support/attempts';

/** What a program tries that may reach some hosts, to reach others. */
let attacked: Attacked;
let server: Server;
let port: number;
const reached: string[] = [];
beforeAll(async () => {
  server = createServer((request, response) => {
    reached.push(request.url ?? '');
    response.end('reached');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  attacked = await openAttacked({ network: ['allowed.example', '*.allowed.example'] });
});
afterAll(async () => {
  attacked?.host.close();
  await new Promise((resolve) => server.close(resolve));
});
afterEach(() => expect(reached).toEqual([]));

const PROXY = 'http://127.0.0.1:3128';
test.each([
  ['the metadata address', () => `http://169.254.169.254:${port}/`],
  ['the metadata address as one number', () => `http://2852039166:${port}/`],
  ['the metadata address in hexadecimal', () => `http://0xa9fea9fe:${port}/`],
  ['the metadata address within an IPv6 one', () => `http://[::ffff:169.254.169.254]:${port}/`],
  ['this machine', () => `http://127.0.0.1:${port}/`],
  ['this machine, shortened', () => `http://127.1:${port}/`],
  ['this machine in octal', () => `http://0177.0.0.1:${port}/`],
  ['this machine as nothing', () => `http://0.0.0.0:${port}/`],
  ['this machine within an IPv6 address', () => `http://[::ffff:127.0.0.1]:${port}/`],
  ['this machine by name', () => `http://localhost:${port}/`],
  ['a name that ends as a listed one', () => `http://notallowed.example:${port}/`],
  ['a name that begins as a listed one', () => `http://allowed.example.evil.test:${port}/`],
  ['a host behind the name of a listed one', () => `http://allowed.example@127.0.0.1:${port}/`],
  ['a host behind a fragment', () => `http://127.0.0.1:${port}/#@allowed.example`],
])('%s is out of reach where other hosts are listed', async (_what, url) => {
  const text = await attacked.attempt(
    `curl -sS -m 5 '${url()}'; curl -sS -m 5 -p -x ${PROXY} '${url()}'; curl -sS -m 5 -H 'Host: allowed.example' '${url()}'`,
  );
  expect(text).not.toContain('reached');
});

test('no name is resolved and no packet leaves but through the proxy', async () => {
  const text = await attacked.attempt(
    `getent hosts secret.evil.test && echo resolved; perl -MSocket -e 'socket(S, PF_INET, SOCK_DGRAM, 17); print defined send(S, "x", 0, sockaddr_in(53, inet_aton("8.8.8.8"))) ? "sent\\n" : "no: $!\\n"; socket(R, PF_INET, SOCK_RAW, 1) ? print "raw\\n" : print "no: $!\\n"'; curl -sS -m 3 --noproxy '*' http://127.0.0.1:${port}/; cat /etc/resolv.conf`,
    'production',
  );
  expect(text).not.toMatch(/resolved|sent|raw|reached/);
  expect(text.match(/^no: /gm)).toHaveLength(2);
});

test.each([
  [
    'a host in the header, another in the line',
    () => `GET http://127.0.0.1:${port}/ HTTP/1.1\\r\\nHost: allowed.example\\r\\n\\r\\n`,
  ],
  [
    'a request within a request',
    () =>
      `GET http://allowed.example/ HTTP/1.1\\r\\nHost: allowed.example\\r\\nContent-Length: 0\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\nGET http://127.0.0.1:${port}/ HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n`,
  ],
  [
    'a tunnel to this machine',
    () => `CONNECT 127.0.0.1:${port} HTTP/1.1\\r\\n\\r\\nGET / HTTP/1.0\\r\\n\\r\\n`,
  ],
  [
    'a tunnel with a line too many',
    () => `CONNECT allowed.example:443\\r\\nHost: 127.0.0.1:${port} HTTP/1.1\\r\\n\\r\\n`,
  ],
  ['no protocol at all', () => '\\000\\001\\002\\377'.repeat(1_000)],
  ['another protocol', () => `\\004\\001\\000\\120\\177\\000\\000\\001\\000`],
])('the proxy is not led astray by %s', async (_what, words) => {
  const text = await attacked.attempt(
    `printf '${words()}' | socat -t 2 -T 3 - TCP:127.0.0.1:3128 | head -c 2000; echo ended`,
  );
  expect(text).toContain('ended');
  expect(text).not.toContain('reached');
});

test('a flood of refused hosts is reported in part, and fills no outcome', async () => {
  const script = `for i in $(seq 80); do curl -s -m 2 http://h$i.evil.test/ -o /dev/null & done; wait`;
  const { outcomes, refusedHosts } = await attacked.host.execute(
    'script',
    { script, timeoutMs: 60_000 },
    'sandbox',
  );
  expect(refusedHosts.length).toBeLessThanOrEqual(50);
  expect(Buffer.byteLength(outcomes[0]!.text)).toBeLessThanOrEqual(16 * 1024);
});
