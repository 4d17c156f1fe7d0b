import { randomBytes } from 'node:crypto';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { endpointAddressOf } from '../../src/broker/endpoint-address';
import { GatehouseError } from '../../src/domain/errors';
import { sha256 } from '../../src/domain/hashing';
import { createArtifactClient } from '../../src/sandbox/artifact-client';
import { PROOF_HEADER, proofOf } from '../../src/sandbox/channel-proof';
import { limited } from '../../src/sandbox/output-limit';
import { openStores, type StoreFixture } from '../store/fixture';
import { type ArtifactServer, openArtifactServer } from '../support/artifact-server';
import { makeAuthority } from '../support/certificates';

const MIB = 1024 * 1024;
let stores: StoreFixture;
let server: ArtifactServer;
let counter = 0;
let runId: string;
beforeAll(async () => {
  stores = await openStores();
  server = await openArtifactServer(stores, 24 * MIB);
});
afterAll(async () => {
  await server?.close();
  await stores?.close();
});
beforeEach(async () => {
  runId = `served-${++counter}`;
  await stores.startRun(runId);
});

test('what a host puts it gets back, small or large, also through a socket that only our user can open', async () => {
  const artifacts = await server.of(runId);
  expect(statSync(server.address.path).mode & 0o077).toBe(0);
  for (const content of [randomBytes(10), randomBytes(200_000), randomBytes(9 * MIB), Buffer.alloc(0)]) {
    const hash = await artifacts.put(content);
    expect(hash).toBe(sha256(content));
    expect(Buffer.from(await artifacts.get(hash)).equals(content)).toBe(true);
    expect(Buffer.from(await server.store.get(hash)).equals(content)).toBe(true);
  }
  expect(await artifacts.put('text')).toBe(sha256('text'));
});

test('small artifacts that are put together go in one request, and none is lost', async () => {
  const artifacts = await server.of(runId);
  const count = jest.spyOn(server.access, 'count');
  const texts = Array.from({ length: 600 }, (_, index) => `${runId} ${index % 500}`);
  const hashes = await Promise.all(texts.map((text) => artifacts.put(text)));
  expect(hashes).toEqual(texts.map(sha256));
  expect(count).toHaveBeenCalledTimes(3);
  for (const index of [0, 255, 256, 499])
    expect(Buffer.from(await artifacts.get(hashes[index] ?? '')).toString()).toBe(texts[index]);
  // What the run put already is not even sent.
  await artifacts.put(texts[0] ?? '');
  expect(count).toHaveBeenCalledTimes(3);
  count.mockRestore();
});

test('a runner reads what control gave the run, with its own pass', async () => {
  const given = await server.store.put(`given to ${runId}`);
  await server.access.give(runId, [given]);
  const pass = await server.passOf(runId, { role: 'runner' });
  const artifacts = await server.of(runId, { key: server.keys.runner, pass });
  expect(Buffer.from(await artifacts.get(given)).toString()).toBe(`given to ${runId}`);
  await expect(artifacts.put('no')).rejects.toMatchObject({ code: 'artifact-pass-wrong-verb' });
});

test('without a pass nothing is asked', async () => {
  const client = createArtifactClient({ address: server.address, key: server.keys.host });
  const artifacts = client.open({ runId, pass: undefined });
  await expect(artifacts.get(sha256('x'))).rejects.toMatchObject({ code: 'artifact-pass-missing' });
  await expect(artifacts.put('x')).rejects.toMatchObject({ code: 'artifact-pass-missing' });
  client.close();
});

test('an endpoint that restarts is asked again, and what was being put arrives', async () => {
  const artifacts = await server.of(runId);
  await artifacts.put(`before ${runId}`);
  await server.stop();
  const content = randomBytes(MIB);
  const put = artifacts.put(content);
  const small = artifacts.put(`meanwhile ${runId}`);
  const got = artifacts.get(sha256(`before ${runId}`));
  await new Promise((resolve) => setTimeout(resolve, 300));
  await server.start();
  expect(await put).toBe(sha256(content));
  expect(await small).toBe(sha256(`meanwhile ${runId}`));
  expect(Buffer.from(await got).toString()).toBe(`before ${runId}`);
});

test('an endpoint that stays away is given up in time, and says so', async () => {
  const artifacts = await server.of(runId, { patienceMs: 300 });
  await server.stop();
  await expect(artifacts.put('x')).rejects.toMatchObject({ code: 'artifact-store-unavailable' });
  // A turn that is cancelled does not wait for it.
  const client = createArtifactClient({ address: server.address, key: server.keys.host });
  const gone = new AbortController();
  const pass = await server.hostPass(runId);
  const put = client.open({ runId, pass, signal: gone.signal }).put('y');
  gone.abort(new Error('stopped'));
  await expect(put).rejects.toThrow('stopped');
  client.close();
  await server.start();
});

test('a database that is away is waited for', async () => {
  const artifacts = await server.of(runId, { patienceMs: 300 });
  const away = jest
    .spyOn(server.access, 'count')
    .mockRejectedValueOnce(new GatehouseError('database-unreachable', 'the database does not answer'));
  expect(await artifacts.put('b')).toBe(sha256('b'));
  // A defect of control's own is left to Temporal.
  away.mockRejectedValueOnce(new Error('a defect'));
  await expect(artifacts.put('a')).rejects.toMatchObject({ code: 'artifact-store-unavailable' });
  away.mockRestore();
  expect(await artifacts.put('a')).toBe(sha256('a'));
});

test('an output beyond the quota is shown cut and not kept, and the call counts', async () => {
  const artifacts = await server.of(runId);
  await artifacts.put(randomBytes(12 * MIB));
  await artifacts.put(randomBytes(11.99 * MIB));
  const { text, artifact } = await limited('x'.repeat(100_000), artifacts);
  expect(artifact).toBeUndefined();
  expect(text).toContain('left out here, and not kept: the run has used up its quota of artifacts');
});

test('between machines both ends show certificates', async () => {
  const authority = makeAuthority('artifacts');
  const files = (name: string, from = authority, trusted = authority) => {
    const { certificate, privateKey } = from.certify('localhost');
    const path = (ending: string) => join(server.folder, `${name}.${ending}`);
    writeFileSync(path('crt'), certificate);
    writeFileSync(path('key'), privateKey, { mode: 0o600 });
    writeFileSync(path('ca'), trusted.certificate);
    return { certificate: path('crt'), key: path('key'), authority: path('ca') };
  };
  await server.stop();
  const address = endpointAddressOf('https://localhost:0', 'artifact endpoint');
  const { address: bound } = await server.start({ address, tls: files('server') });
  const open = async (tls: ReturnType<typeof files>) =>
    createArtifactClient({ address: bound, tls, key: server.keys.host, patienceMs: 200 }).open({
      runId,
      pass: await server.hostPass(runId),
    });
  const artifacts = await open(files('host'));
  const content = randomBytes(MIB);
  expect(Buffer.from(await artifacts.get(await artifacts.put(content))).equals(content)).toBe(true);
  const stranger = await open(files('stranger', makeAuthority('others')));
  await expect(stranger.put('x')).rejects.toMatchObject({ code: 'artifact-store-unavailable' });
  expect(() => createArtifactClient({ address: bound, key: server.keys.host })).toThrow(
    expect.objectContaining({ code: 'artifact-endpoint-tls-missing' }),
  );
  await server.stop();
  await expect(server.start({ address })).rejects.toMatchObject({ code: 'artifact-endpoint-tls-missing' });
  await server.start();
});

test.each([
  '',
  'artifacts',
  'unix:relative',
  'http://0.0.0.0:1',
  'https://host/path',
  'ftp://host',
])('an address such as `%s` is refused by name', (text) =>
  expect(() => endpointAddressOf(text, 'artifact endpoint')).toThrow(
    expect.objectContaining({ code: 'artifact-endpoint-address-invalid' }),
  ));

test('a socket on which another control worker answers is left to it', () =>
  expect(server.start()).rejects.toMatchObject({ code: 'artifact-endpoint-in-use' }));

test('who asks too much at once waits for himself, and nobody else does', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const given = await server.store.put(`held ${runId}`);
  const mayRead = jest.spyOn(server.access, 'mayRead').mockImplementation(async ({ runId: asked }) => {
    if (asked === runId) await held;
    return true;
  });
  const { host, otherHost } = server.keys;
  const pass = await server.hostPass(runId);
  const many = Array.from({ length: 40 }, () => server.send({ hash: given, pass, key: host }));
  const refused = await Promise.race(many);
  expect(refused).toMatchObject({ status: 503, code: 'artifact-endpoint-busy' });
  const other = `other-${runId}`;
  await stores.startRun(other);
  const answer = await server.send({
    hash: given,
    pass: await server.hostPass(other, otherHost),
    key: otherHost,
  });
  expect(answer.status).toBe(200);
  release();
  expect((await Promise.all(many)).filter(({ status }) => status === 200)).toHaveLength(32);
  mayRead.mockRestore();
});

test('a put that is broken off leaves nothing, and costs nothing of the quota', async () => {
  const body = randomBytes(2 * MIB);
  const socket = connect(server.address.path);
  const pass = await server.hostPass(runId);
  const path = `/v1/artifacts/${sha256(body)}`;
  const proof = proofOf({ method: 'PUT', path, bodyHash: sha256(body) }, server.keys.host);
  socket.write(
    `PUT ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\ngatehouse-pass: ${pass}\r\n${PROOF_HEADER}: ${proof}\r\n\r\n`,
  );
  socket.write(body.subarray(0, MIB));
  const staged = () => readdirSync(join(server.folder, 'store')).filter((name) => name.startsWith('.new-'));
  while (staged().length === 0) await new Promise((resolve) => setImmediate(resolve));
  socket.destroy();
  while (staged().length > 0) await new Promise((resolve) => setImmediate(resolve));
  expect(await server.access.mayRead({ runId, organizationId: 'local' }, sha256(body))).toBe(false);
  expect(await server.access.mayPut({ runId, organizationId: 'local' }, 24 * MIB)).toBe('counted');
});
