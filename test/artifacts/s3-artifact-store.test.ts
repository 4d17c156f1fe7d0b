import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { openArtifactStore } from '../../src/artifacts/open-artifact-store';
import { createS3ArtifactStore, type S3ArtifactStoreOptions } from '../../src/artifacts/s3-artifact-store';
import { sha256 } from '../../src/domain/hashing';

interface S3Server {
  run(): Promise<AddressInfo>;
  close(): Promise<void>;
}
// It ships no types.
const S3rver = require('s3rver') as new (options: object) => S3Server;

// A server that speaks S3, signatures and all; its key is always this one.
const KEY = 'S3RVER';
const bucket = 'artifacts';
const region = 'us-east-1';

let folder: string;
let server: S3Server;
let options: S3ArtifactStoreOptions;
let direct: S3Client;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 's3-'));
  server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory: folder,
    configureBuckets: [{ name: bucket, configs: [] }],
  });
  const { port } = await server.run();
  const endpoint = `http://127.0.0.1:${port}`;
  options = { bucket, region, endpoint, accessKeyId: KEY, secretAccessKey: KEY };
  direct = new S3Client({
    region,
    endpoint,
    forcePathStyle: true,
    credentials: { accessKeyId: KEY, secretAccessKey: KEY },
  });
});
afterAll(async () => {
  direct?.destroy();
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function keys(prefix: string): Promise<string[]> {
  const { Contents = [] } = await direct.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
  return Contents.map(({ Key }) => Key ?? '');
}

test('content is kept under its hash, text and bytes alike, once', async () => {
  const store = createS3ArtifactStore({ ...options, prefix: 'once/' });
  const hash = await store.put('größer');
  expect(hash).toBe(sha256('größer'));
  expect(await store.put(Buffer.from('größer'))).toBe(hash);
  expect(Buffer.from(await store.get(hash)).toString()).toBe('größer');
  expect(await keys('once/')).toEqual([`once/${hash.slice(0, 2)}/${hash}`]);
});

test('large and binary content comes back as it was', async () => {
  const store = createS3ArtifactStore(options);
  const content = Buffer.alloc(5 * 1024 * 1024, 0).map((_, index) => index % 251);
  expect(Buffer.from(await store.get(await store.put(content))).equals(content)).toBe(true);
  expect((await store.get(await store.put(''))).byteLength).toBe(0);
});

test('content that was changed in the bucket is not given out, and a torn one is put again', async () => {
  const store = createS3ArtifactStore(options);
  const hash = await store.put('what it was');
  const object = { Bucket: bucket, Key: `${hash.slice(0, 2)}/${hash}` };
  await direct.send(new PutObjectCommand({ ...object, Body: 'what it is!' }));
  await expect(store.get(hash)).rejects.toMatchObject({ code: 'artifact-damaged' });
  await direct.send(new PutObjectCommand({ ...object, Body: 'wha' }));
  await store.put('what it was');
  expect(Buffer.from(await store.get(hash)).toString()).toBe('what it was');
});

test('what is larger than the limit is neither kept nor read', async () => {
  const large = '12345678901';
  const hash = await createS3ArtifactStore(options).put(large);
  const store = createS3ArtifactStore({ ...options, maxBytes: 10 });
  await expect(store.put(large)).rejects.toMatchObject({ code: 'artifact-too-large' });
  await expect(store.get(hash)).rejects.toMatchObject({ code: 'artifact-damaged' });
});

test.each(['../../etc/passwd', '', 'ABC', `${'a'.repeat(63)}/`])('the name %j is refused', async (name) => {
  await expect(createS3ArtifactStore(options).get(name)).rejects.toMatchObject({
    code: 'artifact-name-malformed',
  });
});

test('a missing artifact, a missing bucket, a wrong key and a server that is gone are told apart from success', async () => {
  const get = (changed: Partial<S3ArtifactStoreOptions>) =>
    createS3ArtifactStore({ ...options, ...changed }).get('0'.repeat(64));
  await expect(get({})).rejects.toMatchObject({ code: 'artifact-missing' });
  const unavailable = { code: 'artifact-store-unavailable', message: expect.not.stringContaining('wrong') };
  await expect(get({ bucket: 'nowhere' })).rejects.toMatchObject(unavailable);
  await expect(get({ accessKeyId: 'wrong' })).rejects.toMatchObject(unavailable);
  await expect(get({ endpoint: `http://127.0.0.1:${await freePort()}` })).rejects.toMatchObject(unavailable);
});

test('a process finds its store from its configuration', async () => {
  const settings = {
    GATEHOUSE_ARTIFACTS: `s3://${bucket}/configured`,
    GATEHOUSE_S3_ENDPOINT: options.endpoint,
    GATEHOUSE_S3_REGION: region,
    GATEHOUSE_S3_ACCESS_KEY_ID: KEY,
    GATEHOUSE_S3_SECRET_ACCESS_KEY: KEY,
  };
  const hash = await openArtifactStore(settings).put('by configuration');
  expect(await keys('configured/')).toEqual([`configured/${hash.slice(0, 2)}/${hash}`]);
  const inFolder = openArtifactStore({ ...settings, GATEHOUSE_ARTIFACTS: join(folder, 'local') });
  expect(await inFolder.put('by configuration')).toBe(hash);
});

test.each([
  [{ GATEHOUSE_ARTIFACTS: 's3://UPPER/x' }, /is not of the form `s3:\/\/bucket\/prefix`/],
  [{ GATEHOUSE_ARTIFACTS: 's3:bucket' }, /is not of the form/],
  [{ GATEHOUSE_ARTIFACTS: 's3://bucket' }, /set `GATEHOUSE_S3_ACCESS_KEY_ID` and/],
])('half a configuration is refused: %j', (settings, expected) => {
  expect(() => openArtifactStore({ GATEHOUSE_S3_REGION: region, ...settings })).toThrow(expected);
});

/** Of a server that was, and is no more. */
async function freePort(): Promise<number> {
  const gone = createServer();
  await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
  const { port } = gone.address() as AddressInfo;
  await new Promise((resolve) => gone.close(resolve));
  return port;
}

describe('content that comes in pieces', () => {
  async function* pieces(...texts: string[]): AsyncGenerator<Uint8Array> {
    for (const text of texts) yield Buffer.from(text);
  }
  const staging = () => readdirSync(tmpdir()).filter((name) => name.startsWith('gatehouse-artifact-'));
  let before: string[];
  beforeEach(() => {
    before = staging();
  });
  // Nothing of it is left on the disk, however it ended.
  afterEach(() => expect(staging()).toEqual(before));

  test('is in the bucket once it is kept, and not before', async () => {
    const store = createS3ArtifactStore({ ...options, prefix: 'staged/' });
    const hash = sha256('in two pieces');
    const staged = await store.stage(hash, pieces('in two ', 'pieces'));
    expect(staged.bytes).toBe(13);
    expect(await keys('staged/')).toEqual([]);
    await expect(store.get(hash)).rejects.toMatchObject({ code: 'artifact-missing' });
    await staged.keep();
    await staged.discard();
    expect(await keys('staged/')).toEqual([`staged/${hash.slice(0, 2)}/${hash}`]);
    const { bytes, content } = await store.open(hash);
    expect([bytes, Buffer.concat(await content.toArray()).toString()]).toEqual([13, 'in two pieces']);
  });

  test('is put again where it is there already, and where what is there is torn', async () => {
    const store = createS3ArtifactStore(options);
    const hash = await store.put('there already');
    await direct.send(
      new PutObjectCommand({ Bucket: bucket, Key: `${hash.slice(0, 2)}/${hash}`, Body: 'there' }),
    );
    await (await store.stage(hash, pieces('there already'))).keep();
    expect(Buffer.from(await store.get(hash)).toString()).toBe('there already');
  });

  test('that is discarded, wrong, too large or broken off never reaches the bucket', async () => {
    const store = createS3ArtifactStore({ ...options, prefix: 'refused/', maxBytes: 10 });
    const hash = sha256('right');
    await (await store.stage(hash, pieces('right'))).discard();
    await expect(store.stage(hash, pieces('wrong'))).rejects.toMatchObject({ code: 'artifact-hash-wrong' });
    await expect(store.stage('../../etc/passwd', pieces('x'))).rejects.toMatchObject({
      code: 'artifact-name-malformed',
    });
    const large = ['123456', '789012'];
    await expect(store.stage(sha256(large.join('')), pieces(...large))).rejects.toMatchObject({
      code: 'artifact-too-large',
    });
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('ri');
      throw new Error('the sender is gone');
    }
    await expect(store.stage(hash, broken())).rejects.toThrow('the sender is gone');
    expect(await keys('refused/')).toEqual([]);
  });

  test('that the bucket does not take says so', async () => {
    const store = createS3ArtifactStore({ ...options, endpoint: `http://127.0.0.1:${await freePort()}` });
    const staged = await store.stage(sha256('late'), pieces('late'));
    await expect(staged.keep()).rejects.toMatchObject({ code: 'artifact-store-unavailable' });
  });
});
