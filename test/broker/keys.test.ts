import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { calculateJwkThumbprint } from 'jose';
import { loadOrMakeKey, loadPublicKey, makeKey, publicJwk, thumbprintOf } from '../../src/broker/keys';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keys-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('a key is made once and loaded ever after, its file for the owner only', async () => {
  const keys = join(folder, 'keys');
  const made = loadOrMakeKey(keys, 'grant');
  expect(loadOrMakeKey(keys, 'grant').thumbprint).toBe(made.thumbprint);
  expect(loadOrMakeKey(keys, 'runner').thumbprint).not.toBe(made.thumbprint);
  expect((await stat(join(keys, 'grant.jwk'))).mode & 0o777).toBe(0o600);
  expect((await readdir(keys)).sort()).toEqual([
    'grant.jwk',
    'grant.public.jwk',
    'runner.jwk',
    'runner.public.jwk',
  ]);
});

test('the public half beside it verifies and holds nothing secret', async () => {
  const made = loadOrMakeKey(folder, 'sandbox');
  const path = join(folder, 'sandbox.public.jwk');
  expect(thumbprintOf(loadPublicKey(path))).toBe(made.thumbprint);
  expect(Object.keys(JSON.parse(await readFile(path, 'utf8'))).sort()).toEqual(['crv', 'kty', 'x']);
});

test('the thumbprint is that of RFC 7638', async () => {
  const key = makeKey();
  expect(key.thumbprint).toBe(await calculateJwkThumbprint(publicJwk(key.publicKey)));
});

test('a key file that others may read is not used', async () => {
  loadOrMakeKey(folder, 'grant');
  await chmod(join(folder, 'grant.jwk'), 0o640);
  expect(() => loadOrMakeKey(folder, 'grant')).toThrow(expect.objectContaining({ code: 'key-exposed' }));
});

test.each([
  '',
  'not json',
  '{"kty":"oct","k":"c2VjcmV0"}',
])('a key file that holds %j is refused', async (text) => {
  await writeFile(join(folder, 'grant.jwk'), text, { mode: 0o600 });
  await writeFile(join(folder, 'grant.public.jwk'), text);
  expect(() => loadOrMakeKey(folder, 'grant')).toThrow(expect.objectContaining({ code: 'key-unreadable' }));
  expect(() => loadPublicKey(join(folder, 'grant.public.jwk'))).toThrow(
    expect.objectContaining({ code: 'key-unreadable' }),
  );
});
