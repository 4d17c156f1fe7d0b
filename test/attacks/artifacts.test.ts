import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createPassMinter } from '../../src/broker/artifact-pass';
import { makeKey } from '../../src/broker/keys';
import { sha256 } from '../../src/domain/hashing';
import { pathOf } from '../../src/sandbox/artifact-paths';
import { PROOF_HEADER, proofOf } from '../../src/sandbox/channel-proof';
import type { ArtifactRefusal } from '../../src/store/artifact-access';
import { createAuditStore } from '../../src/store/audit-store';
import { openStores, type StoreFixture } from '../store/fixture';
import { type ArtifactServer, openArtifactServer } from '../support/artifact-server';
import { waitUntil } from '../support/wait-until';

/**
 * What a runner or sandbox host tries that somebody has taken over. It holds its own key and the passes of its own runs,
 * and reads whatever stands in Temporal's histories, the passes of all others included.
 */
const QUOTA = 1024 * 1024;
let stores: StoreFixture;
let server: ArtifactServer;
let counter = 0;
/** The attacker's run, and another one with a secret. */
let mine: string;
let other: string;
let secret: string;
beforeAll(async () => {
  stores = await openStores();
  server = await openArtifactServer(stores, QUOTA);
});
afterAll(async () => {
  await server?.close();
  await stores?.close();
});
beforeEach(async () => {
  mine = `mine-${++counter}`;
  other = `other-${counter}`;
  await stores.startRun(mine);
  await stores.startRun(other);
  const { otherHost } = server.keys;
  secret = await (await server.of(other, { key: otherHost })).put(`secret of ${other}`);
});

const audited = async (runId: string) =>
  (await createAuditStore(stores.database).list({ runId, organizationId: 'local' })).flatMap(
    ({ kind, body }) => (kind === 'artifact-refused' ? [body as unknown as ArtifactRefusal] : []),
  );

test('an artifact of another run is answered as one that does not exist, word for word, and audited', async () => {
  const ask = async (hash: string) =>
    server.send({ hash, pass: await server.hostPass(mine), key: server.keys.host });
  const nothing = sha256(randomBytes(8));
  const [foreign, absent] = [await ask(secret), await ask(nothing)];
  expect(foreign).toMatchObject({ status: 404, code: 'artifact-missing' });
  expect(foreign).toEqual({ ...absent, text: absent.text.replace(nothing, secret) });
  expect(await audited(mine)).toMatchObject([
    { hash: secret, code: 'artifact-missing', presenter: server.keys.host.thumbprint, role: 'sandbox' },
    { hash: nothing },
  ]);
});

test('a hash whose content was not sent opens nothing: not by a wrong body, an empty one, or a batch', async () => {
  const pass = await server.hostPass(mine);
  const { host } = server.keys;
  const path = pathOf({ kind: 'artifact', hash: secret });
  const claimed = () => proofOf({ method: 'PUT', path, bodyHash: secret }, host);
  for (const body of [Buffer.from('guess'), Buffer.alloc(0)])
    expect(await server.send({ method: 'PUT', hash: secret, pass, proof: claimed(), body })).toMatchObject({
      status: 400,
      code: 'artifact-hash-wrong',
    });
  const batch = Buffer.from(secret);
  const url = pathOf({ kind: 'batch', hash: sha256(batch) });
  expect(await server.send({ method: 'PUT', url, pass, key: host, body: batch })).toMatchObject({
    code: 'artifact-batch-malformed',
  });
  expect(await server.send({ hash: secret, pass, key: host })).toMatchObject({ status: 404 });
});

test('putting what another run has already does the same work and gives the same answer as what is new', async () => {
  const pass = await server.hostPass(mine);
  const staged = jest.spyOn(server.store, 'stage');
  const put = (text: string) =>
    server.send({
      ...{ method: 'PUT', hash: sha256(text), pass, key: server.keys.host },
      body: Buffer.from(text),
    });
  expect(await put(`secret of ${other}`)).toEqual(await put(`new of ${mine}`));
  expect(staged).toHaveBeenCalledTimes(2);
  staged.mockRestore();
});

test('a pass of another run that stands in its history is of no use without its host’s key', async () => {
  const stolen = await server.hostPass(other, server.keys.otherHost);
  const { host, runner } = server.keys;
  for (const key of [host, runner, makeKey()])
    expect(await server.send({ hash: secret, pass: stolen, key })).toMatchObject({
      status: 403,
      code: 'artifact-pass-wrong-bearer',
    });
  expect((await audited(other)).map(({ presenter }) => presenter)).toContain(host.thumbprint);
  // Nor is the runner's to a host.
  const ofRunner = await server.passOf(other, { role: 'runner' });
  expect(await server.send({ hash: secret, pass: ofRunner, key: host })).toMatchObject({ status: 403 });
});

test('a pass to prepare another run’s workspace, which any host may take up, reads nothing of it', async () => {
  const pass = await server.passOf(other, { role: 'any-sandbox', mayRead: false });
  expect(await server.send({ hash: secret, pass, key: server.keys.host })).toMatchObject({
    status: 403,
    code: 'artifact-pass-wrong-verb',
  });
});

test.each<[string, () => Promise<string> | string]>([
  [
    'signed by the host itself',
    () =>
      createPassMinter(server.keys.host).mint({
        ...{ iss: 'gatehouse', sub: other, organization: 'local', role: 'sandbox', cnf: null },
        ...{ iat: Math.floor(Date.now() / 1000), read: Math.floor(Date.now() / 1000) + 60, write: null },
      }),
  ],
  [
    'with the run’s name changed',
    async () => {
      const [header, claims = '', signature] = (await server.hostPass(mine)).split('.');
      const changed = { ...JSON.parse(Buffer.from(claims, 'base64url').toString()), sub: other };
      return [header, Buffer.from(JSON.stringify(changed)).toString('base64url'), signature].join('.');
    },
  ],
  [
    'without a signature',
    () => {
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
      return `${part({ typ: 'gatehouse-artifacts+jwt', alg: 'none' })}.${part({ sub: other })}.`;
    },
  ],
])('a pass %s is none', async (_what, forge) => {
  expect(await server.send({ hash: secret, pass: await forge(), key: server.keys.host })).toMatchObject({
    status: 401,
    code: 'artifact-pass-invalid',
  });
  expect(server.logged).toContain('a request for an artifact failed');
});

test('a pass of another organization opens no run of this one', async () => {
  const pass = await server.passOf(
    other,
    { role: 'sandbox', keyThumbprint: server.keys.host.thumbprint },
    'elsewhere',
  );
  expect(await server.send({ hash: secret, pass, key: server.keys.host })).toMatchObject({ status: 404 });
});

test('an expired pass reads nothing, and one of a run that is over neither reads nor puts', async () => {
  const { otherHost } = server.keys;
  const pass = await server.hostPass(other, otherHost);
  server.setClock(() => Date.now() + 31 * 60_000);
  const later = (request: object) =>
    server.send({
      ...{ hash: secret, pass, ...request },
      proof: proofOf(
        { method: 'GET', path: pathOf({ kind: 'artifact', hash: secret }), body: '' },
        otherHost,
        Date.now() + 31 * 60_000,
      ),
    });
  expect(await later({})).toMatchObject({ status: 401, code: 'artifact-pass-expired' });
  server.setClock(() => Date.now());
  await stores.database.client.run.update({ where: { id: other }, data: { endedAt: new Date() } });
  expect(await server.send({ hash: secret, pass, key: otherHost })).toMatchObject({ status: 404 });
  const body = Buffer.from('late');
  expect(await server.send({ method: 'PUT', hash: sha256(body), pass, key: otherHost, body })).toMatchObject({
    status: 403,
    code: 'artifact-run-over',
  });
});

test('a request that was seen is not sent again, and a proof is for one artifact', async () => {
  const { host } = server.keys;
  const pass = await server.hostPass(mine);
  const hash = await (await server.of(mine)).put(`mine ${mine}`);
  const path = pathOf({ kind: 'artifact', hash });
  const proof = proofOf({ method: 'GET', path, body: '' }, host);
  expect(await server.send({ hash, pass, proof })).toMatchObject({ status: 200, text: `mine ${mine}` });
  expect(await server.send({ hash, pass, proof })).toMatchObject({ status: 401, code: 'proof-invalid' });
  const elsewhere = proofOf(
    { method: 'GET', path: pathOf({ kind: 'artifact', hash: secret }), body: '' },
    host,
  );
  expect(await server.send({ hash, pass, proof: elsewhere })).toMatchObject({ status: 401 });
  expect(await server.send({ hash, pass })).toMatchObject({ status: 401 });
  expect(await server.send({ hash, key: host })).toMatchObject({ code: 'artifact-pass-missing' });
});

test.each([
  '/v1/artifacts/',
  '/v1/artifacts/../../../etc/passwd',
  '/v1/artifacts/..%2f..%2fetc%2fpasswd',
  `/v1/artifacts/${'a'.repeat(63)}/`,
  `/v1/artifacts/${'a'.repeat(64)}/../${'b'.repeat(64)}`,
  `/v1/artifacts/${'A'.repeat(64)}`,
  `/v1/artifacts/${'a'.repeat(64)}?x`,
  `/v1/artifacts/${'a'.repeat(64)}%00`,
  `//v1/artifacts/${'a'.repeat(64)}`,
  `http://x/v1/artifacts/${'a'.repeat(64)}`,
  '/',
])('the path `%s` names nothing', async (url) => {
  expect(await server.send({ url, pass: await server.hostPass(mine), key: server.keys.host })).toMatchObject({
    status: 404,
    code: 'not-found',
  });
});

test('methods that are none of ours do nothing', async () => {
  const pass = await server.hostPass(mine);
  for (const method of ['DELETE', 'POST', 'PATCH', 'OPTIONS', 'PROPFIND'])
    expect(await server.send({ method, hash: secret, pass, key: server.keys.host })).toMatchObject({
      status: 404,
      code: 'not-found',
    });
});

test('nothing over the largest size or the run’s quota is kept, whatever the sender says of it', async () => {
  const pass = await server.hostPass(mine);
  const { host } = server.keys;
  const body = randomBytes(QUOTA + 1);
  const put = (headers: Record<string, string>) =>
    server.send({ method: 'PUT', hash: sha256(body), pass, key: host, body, headers });
  expect(await put({})).toMatchObject({ status: 403, code: 'artifact-quota-exceeded' });
  expect(
    await put({ 'content-length': String(64 * 1024 * 1024 + 1) }).catch(() => ({ status: 413 })),
  ).toMatchObject({ status: 413 });
  const proof = proofOf(
    { method: 'PUT', path: pathOf({ kind: 'artifact', hash: sha256(body) }), bodyHash: sha256(body) },
    host,
  );
  const chunked = { method: 'PUT', hash: sha256(body), pass, proof } as const;
  expect(await server.send({ ...chunked, headers: { 'transfer-encoding': 'chunked' } })).toMatchObject({
    status: 400,
    code: 'artifact-length-missing',
  });
  // Many small ones count as well, each for what a file takes.
  const small = await server.of(mine);
  const texts = Array.from({ length: 1_030 }, (_, index) => `${mine} ${index}`);
  const answers = await Promise.allSettled(texts.map((text) => small.put(text)));
  const refused = answers.filter(({ status }) => status === 'rejected');
  expect(refused.length).toBeGreaterThan(0);
  // Another run has a quota of its own.
  expect(await (await server.of(other)).put('still')).toBe(sha256('still'));
});

test('who sends slowly or without end is cut off, and others are answered meanwhile', async () => {
  await server.stop();
  await server.start({ requestTimeoutMs: 600 });
  const { host } = server.keys;
  const pass = await server.hostPass(mine);
  const body = randomBytes(1_000);
  const path = pathOf({ kind: 'artifact', hash: sha256(body) });
  const proof = proofOf({ method: 'PUT', path, bodyHash: sha256(body) }, host);
  const slow = (text: string) =>
    new Promise<void>((resolve) => {
      const socket = connect(server.address.path);
      socket.on('close', () => resolve());
      socket.on('error', () => {});
      socket.on('data', () => {});
      socket.write(text);
    });
  const start = `PUT ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n`;
  const cut = Promise.all([
    slow(start),
    slow(`${start}gatehouse-pass: ${pass}\r\n${PROOF_HEADER}: ${proof}\r\n\r\nslowly`),
  ]);
  expect(await (await server.of(other)).put(`meanwhile ${other}`)).toBe(sha256(`meanwhile ${other}`));
  await cut;
  const left = () => readdirSync(join(server.folder, 'store')).filter((name) => name.startsWith('.new-'));
  await waitUntil(async () => left().length === 0, 'nothing of it is left');
  await server.stop();
  await server.start();
});

test('who is nobody here is not listened to: an endless body ends with the refusal', async () => {
  const ended = new Promise<string>((resolve) => {
    const socket = connect(server.address.path);
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
    socket.write(
      `PUT /v1/artifacts/${'a'.repeat(64)} HTTP/1.1\r\nhost: x\r\ncontent-length: 60000000\r\n\r\n`,
    );
    socket.write(randomBytes(100_000));
  });
  expect(await ended).toContain('401');
});

test('a store file that leads elsewhere, by a soft or a hard link, or was changed, is not handed out', async () => {
  const { host } = server.keys;
  const pass = await server.hostPass(mine);
  const content = Buffer.from(`of the host ${mine}`);
  const elsewhere = join(server.folder, `elsewhere-${mine}`);
  writeFileSync(elsewhere, content);
  const hash = await (await server.of(mine)).put(content);
  const file = join(server.folder, 'store', hash.slice(0, 2), hash);
  const ask = () => server.send({ hash, pass, key: host });
  expect(await ask()).toMatchObject({ status: 200 });
  const replaced = async (put: () => void) => {
    renameSync(file, `${file}.before`);
    put();
    const answer = await ask();
    renameSync(`${file}.before`, file);
    return answer;
  };
  mkdirSync(join(server.folder, 'empty'), { recursive: true });
  for (const put of [
    () => symlinkSync(elsewhere, file),
    () => linkSync(elsewhere, file),
    () => symlinkSync(join(server.folder, 'empty'), file),
    () => writeFileSync(file, 'something else'),
  ])
    expect(await replaced(put)).toMatchObject({ status: 500, code: 'artifact-damaged' });
  expect(await ask()).toMatchObject({ status: 200 });
});
