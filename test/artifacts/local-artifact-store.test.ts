import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalArtifactStore } from '../../src/artifacts/local-artifact-store';
import { sha256 } from '../../src/domain/hashing';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'artifacts-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('content is kept under its hash, text and bytes alike', async () => {
  const store = createLocalArtifactStore({ folder: join(folder, 'new') });
  const hash = await store.put('größer');
  expect(hash).toBe(sha256('größer'));
  expect(await store.put(Buffer.from('größer'))).toBe(hash);
  expect(Buffer.from(await store.get(hash)).toString()).toBe('größer');
});

test('many writers of the same content leave one whole file and nothing else', async () => {
  const store = createLocalArtifactStore({ folder });
  const content = 'x'.repeat(100_000);
  const hashes = await Promise.all(Array.from({ length: 20 }, () => store.put(content)));
  expect(new Set(hashes).size).toBe(1);
  expect(await readdir(folder)).toEqual([hashes[0]?.slice(0, 2)]);
});

test('content that was changed on disk is not given out', async () => {
  const store = createLocalArtifactStore({ folder });
  const hash = await store.put('what it was');
  await writeFile(join(folder, hash.slice(0, 2), hash), 'what it is!');
  await expect(store.get(hash)).rejects.toMatchObject({ code: 'artifact-damaged' });
});

test('a torn file is replaced when its content is put again', async () => {
  const store = createLocalArtifactStore({ folder });
  const hash = await store.put('what it was');
  await writeFile(join(folder, hash.slice(0, 2), hash), 'wha');
  await store.put('what it was');
  expect(Buffer.from(await store.get(hash)).toString()).toBe('what it was');
});

test.each([
  '../../etc/passwd',
  '',
  'ABC',
  `${'a'.repeat(63)}/`,
  `${'a'.repeat(64)}\n`,
])('the name %j is refused', async (name) => {
  const store = createLocalArtifactStore({ folder });
  await expect(store.get(name)).rejects.toMatchObject({ code: 'artifact-name-malformed' });
});

test('a missing artifact, one too large and a lost folder are told apart', async () => {
  const store = createLocalArtifactStore({ folder, maxBytes: 10 });
  await expect(store.get('0'.repeat(64))).rejects.toMatchObject({ code: 'artifact-missing' });
  await expect(store.put('12345678901')).rejects.toMatchObject({ code: 'artifact-too-large' });
  await writeFile(join(folder, 'file'), '');
  const lost = createLocalArtifactStore({ folder: join(folder, 'file') });
  await expect(lost.put('x')).rejects.toMatchObject({ code: 'artifact-store-unavailable' });
});

test('artifacts are readable by their owner only', async () => {
  const store = createLocalArtifactStore({ folder });
  const hash = await store.put('x');
  const { mode } = await stat(join(folder, hash.slice(0, 2), hash));
  expect(mode & 0o077).toBe(0);
});
