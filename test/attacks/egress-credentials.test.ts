import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { CredentialHeader, CredentialMaterial, IssuedCredential } from '../../src/domain/credential';
import { createHeldCredentials } from '../../src/sandbox/held-credentials';
import { type Host, openHost } from '../sandbox/support/host';
import { makeAuthority } from '../support/certificates';

/** A credential that the proxy puts in: it reaches the host it is for, and the program that asks never sees it. */
const SECRET = 's3cret/of+the=api-7719';
const PASSWORD = 'pass&word-4410';

let api: Server;
let other: Server;
let port: number;
let otherPort: number;
let host: Host;
const asked: { url?: string; headers: IncomingMessage['headers']; body: string }[] = [];

beforeAll(async () => {
  const authority = makeAuthority('Test CA');
  const names = ['api', 'basic', 'other', 'wrong', 'writer', 'bound', 'split', 'short'].map(
    (name) => `${name}.test`,
  );
  const { certificate: cert, privateKey: key } = authority.certify(names);
  api = createServer({ cert, key }, (request, response) => void reply(request, response));
  other = createServer({ cert, key }, (request, response) => void reply(request, response));
  port = await listening(api);
  otherPort = await listening(other);
  const upstreamCa = authority.certificate.toString();
  host = openHost({
    network: [...names, 'untrusted.test']
      .flatMap((name) => [`${name}:${port}`, `${name}:${otherPort}`])
      .concat(`127.0.0.1:${port}`, `127.0.0.1:${otherPort}`),
    sandbox: { resolve: (_, __, done) => done(null, [{ address: '127.0.0.1', family: 4 }]) },
    credentials: createHeldCredentials({
      redeem: async () => ({ credentials: issued(upstreamCa), gone: [] }),
      issue: () => Promise.reject(new Error('not asked for here')),
      release: async () => {},
    }),
  });
  await host.prepare();
});
afterAll(async () => {
  host.close();
  for (const server of [api, other]) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
beforeEach(() => {
  asked.length = 0;
});

/** What the broker says the run holds: each for one host. */
function issued(certificateAuthority: string): IssuedCredential[] {
  const header = (host: string, secret: string, changes: Partial<CredentialHeader> = {}) => ({
    ...{ host: `${host}.test:${port}`, name: 'Authorization', template: 'Bearer {}', secret },
    ...{ certificateAuthority, ...changes },
  });
  const each: (Pick<CredentialMaterial, 'header'> & Partial<IssuedCredential>)[] = [
    { header: header('api', SECRET) },
    {
      header: header('basic', `user:${PASSWORD}`, { name: 'authorization', template: 'Basic {base64}' }),
    },
    { header: header('wrong', SECRET, { certificateAuthority: undefined }) },
    { header: header('untrusted', SECRET) },
    { header: header('writer', SECRET), scope: 'write' },
    { header: header('bound', SECRET), isForCall: true, callId: 'another' },
    { header: header('split', 'abcdefgh\r\nx-evil: 1') },
    { header: header('short', 'short') },
  ];
  return each.map(({ header, ...changes }, index) => ({
    ...{ handle: `cred-${index}`, provider: 'static', account: 'a', role: 'r', scope: 'read' },
    ...{ expiresAt: Date.now() + 600_000, callId: 'before', isForCall: false, ...changes },
    material: { env: {}, files: {}, secrets: [header?.secret ?? ''], header },
  }));
}

async function reply(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = '';
  for await (const chunk of request) body += chunk;
  const { url, headers } = request;
  asked.push({ url, headers, body });
  const said = headers.authorization ?? '';
  const token = said.replace(/^\S+ /, '');
  switch (url) {
    case '/echo':
      response.setHeader('x-echo', said);
      response.write(`you said ${said.slice(0, 14)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
      return void response.end(
        `${said.slice(14)}; ${Buffer.from(token).toString('base64')} ${encodeURIComponent(token)} ${Buffer.from(token, 'base64')}`,
      );
    case '/ranges': {
      const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? [];
      if (from === undefined || to === undefined) return void response.end(said);
      response.writeHead(206);
      return void response.end(said.slice(Number(from), Number(to) + 1));
    }
    case '/aside':
      response.writeEarlyHints({ link: `</x>; rel=preload; as="${encodeURIComponent(token)}"` });
      response.writeHead(200, { trailer: 'x-late', 'transfer-encoding': 'chunked' });
      response.write('body\n');
      response.addTrailers({ 'x-late': said });
      return void response.end();
    case '/zipped':
      response.setHeader('content-encoding', 'gzip');
      return void response.end(gzipSync(said));
    case '/away':
      response.setHeader('location', `https://other.test:${otherPort}/elsewhere?${token}`);
      response.writeHead(302);
      return void response.end();
    default:
      return void response.end(`hello ${url}\n`);
  }
}

async function attempt(script: string, effect: 'sandbox' | 'production' = 'sandbox') {
  const { outcomes, refusedHosts } = await host.execute('script', { script }, effect);
  return {
    text: outcomes[0]?.text ?? '',
    refused: refusedHosts.map((refused) => `${refused.host}:${refused.port} ${refused.reason}`),
  };
}

test('the host gets the credential in place of what the program sent under that name, in any spelling', async () => {
  const { text, refused } = await attempt(
    `curl -sS -H 'authorization: mine' -H 'AUTHORIZATION: again' -H 'X-Mine: kept' -d body=1 https://api.test:${port}/a`,
  );
  expect(text).toBe('hello /a\n');
  expect(refused).toEqual([]);
  expect(asked).toMatchObject([
    { url: '/a', body: 'body=1', headers: { authorization: `Bearer ${SECRET}`, 'x-mine': 'kept' } },
  ]);
});

test('node, git and python trust the proxy for that host', async () => {
  const { text } = await attempt(
    `python3 -c 'import urllib.request as u; print(u.urlopen("https://api.test:${port}/python").read())'; git ls-remote https://api.test:${port}/git; curl -sS https://api.test:${port}/curl`,
  );
  expect(asked.map(({ url }) => url)).toEqual(['/python', '/git/info/refs?service=git-upload-pack', '/curl']);
  expect(text).toContain('hello /python');
  for (const { headers } of asked) expect(headers.authorization).toBe(`Bearer ${SECRET}`);
});

test('the program holds it nowhere: environment, processes, files, descriptors', async () => {
  const { text } = await attempt(
    `curl -sS https://api.test:${port}/a; env; cat /proc/*/environ /proc/*/cmdline 2>/dev/null | tr '\\0' '\\n'; ls -l /proc/*/fd 2>/dev/null; grep -rlF -e '${SECRET}' -e 'PRIVATE KEY' /run /tmp /etc /home /workspace 2>/dev/null; cat /run/gatehouse/certificates.pem | grep -c 'BEGIN CERT'`,
  );
  expect(text).toContain('hello /a');
  expect(text).toContain('SSL_CERT_FILE=/run/gatehouse/certificates.pem');
  // The script itself names it, to look for it.
  expect(text.split('\n').filter((line) => line.includes(SECRET) && !line.includes('grep -rlF'))).toEqual([]);
  expect(text).not.toMatch(/^\/(run|tmp|etc|home|workspace)\/\S+$/m);
});

test('an answer that repeats it comes back masked, in headers and body, over chunks, encoded too', async () => {
  const { text } = await attempt(`curl -sS -i https://api.test:${port}/echo`);
  expect(text).toContain('you said Bearer ******');
  expect(text).not.toContain(SECRET);
  expect(text).not.toContain(SECRET.slice(0, 10));
  expect(text).not.toContain(Buffer.from(SECRET).toString('base64').slice(0, 12));
  expect(text).not.toContain(encodeURIComponent(SECRET));
});

test('piece by piece, before the answer and behind it, a host tells nothing of it either', async () => {
  const pieces = [0, 8, 16, 24].map((from) => `-r ${from}-${from + 7} https://api.test:${port}/ranges`);
  const { text } = await attempt(
    `for each in ${pieces.map((piece) => `'${piece}'`).join(' ')}; do curl -sS $each; done; curl -sS -i -H 'Connection: authorization' https://api.test:${port}/aside`,
  );
  for (const { headers } of asked) expect(headers.range).toBeUndefined();
  expect(asked.at(-1)?.headers.authorization).toBe(`Bearer ${SECRET}`);
  expect(text).toContain('body');
  for (const piece of SECRET.match(/.{6}/g) ?? []) expect(text).not.toContain(piece);
});

test('of a basic credential the password within is masked as well', async () => {
  const { text } = await attempt(`curl -sS -i https://basic.test:${port}/echo`);
  expect(text).toContain('you said Basic ****');
  expect(text).not.toContain(PASSWORD);
  expect(text).not.toContain(Buffer.from(`user:${PASSWORD}`).toString('base64'));
});

test('an answer that cannot be looked through is not passed on', async () => {
  const { text } = await attempt(`curl -sS --compressed https://api.test:${port}/zipped`);
  expect(text).toContain('the host compressed its answer although it was asked not to');
  expect(asked[0]?.headers['accept-encoding']).toBe('identity');
});

test('a redirect takes no credential along', async () => {
  const { text } = await attempt(`curl -sS -k -L https://api.test:${port}/away`);
  expect(asked.map(({ url }) => url?.split('?')[0])).toEqual(['/away', '/elsewhere']);
  expect(asked[1]?.headers.authorization).toBeUndefined();
  expect(asked[1]?.url).not.toContain(SECRET);
  expect(text).toContain('hello /elsewhere');
});

test('another port of the host, and other hosts, stay end to end and get nothing', async () => {
  const { text } = await attempt(
    `curl -sS https://api.test:${otherPort}/end; curl -sS -k https://api.test:${otherPort}/end`,
  );
  expect(text).toMatch(/certificate|unable to get local issuer/i);
  expect(asked).toMatchObject([{ url: '/end' }]);
  expect(asked[0]?.headers.authorization).toBeUndefined();
});

test('what a person approved for writing is of no use to a call that nobody approved', async () => {
  await attempt(`curl -sS -k https://writer.test:${port}/a`);
  expect(asked).toMatchObject([{ url: '/a' }]);
  expect(asked[0]?.headers.authorization).toBeUndefined();
  await attempt(`curl -sS https://writer.test:${port}/b`, 'production');
  expect(asked[1]?.headers.authorization).toBe(`Bearer ${SECRET}`);
});

test('what was issued for another call is put into nothing of this one', async () => {
  await attempt(`curl -sS -k https://bound.test:${port}/a`, 'production');
  expect(asked).toMatchObject([{ url: '/a' }]);
  expect(asked[0]?.headers.authorization).toBeUndefined();
});

test('a credential that is over, or whose call is, is put into nothing any more, while programs still run', async () => {
  let now = 1_000;
  const issuedNow = issued('').map((each) => ({ ...each, expiresAt: 2_000 }));
  const held = createHeldCredentials(
    {
      redeem: async () => ({ credentials: issuedNow, gone: [] }),
      issue: () => Promise.reject(new Error('not asked for here')),
      release: () => Promise.reject(new Error('the broker is away')),
    },
    () => now,
  );
  const { signal } = new AbortController();
  const credentials = await held.open('run-1', 'grant', signal);
  const rules = credentials.rules({ id: 'another', effect: 'sandbox' });
  const bound = rules.find(({ host }) => host.startsWith('bound'));
  expect(await bound?.source()).toBe(SECRET);
  await expect(credentials.release({ grant: 'grant', callId: 'another' }, signal)).rejects.toThrow('away');
  await expect(bound?.source()).rejects.toThrow('is over');
  const api = rules.find(({ host }) => host.startsWith('api'));
  expect(await api?.source()).toBe(SECRET);
  now = 2_000;
  await expect(api?.source()).rejects.toThrow('is over');
  expect(credentials.rules({ id: 'another', effect: 'sandbox' })).toEqual([]);
  expect(credentials.mask(SECRET)).toBe('[masked]');
});

test('in clear such a host is refused', async () => {
  const { text, refused } = await attempt(`curl -sS http://api.test:${port}/clear`);
  expect(refused).toEqual([`api.test:${port} cleartext`]);
  expect(text).toContain('requests there carry a credential, and that is sent over HTTPS only');
  expect(asked).toEqual([]);
});

test('a host whose certificate cannot be verified, or is for another, gets nothing', async () => {
  const { text } = await attempt(
    `curl -sS -k https://wrong.test:${port}/a; curl -sS -k https://untrusted.test:${port}/a`,
  );
  expect(text.match(/the host could not be reached/g)).toHaveLength(2);
  expect(asked).toEqual([]);
});

test('a Host header or a server name of another host gets nothing', async () => {
  const { refused } = await attempt(
    `curl -sS -H 'Host: other.test' https://api.test:${port}/a; curl -sS -k --connect-to other.test:443:api.test:${port} https://other.test/a`,
  );
  expect(refused).toEqual([`api.test:${port} misdirected`]);
  expect(asked).toEqual([]);
});

test.each([
  ['would start another header', 'split'],
  ['is too short to be masked', 'short'],
])('where a secret %s, nothing is sent, and no cause is told', async (_, name) => {
  const { text } = await attempt(`curl -sS https://${name}.test:${port}/a`);
  expect(text).toContain('the credential for this host could not be had');
  expect(text).not.toContain('evil');
  expect(asked).toEqual([]);
});

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
