import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGrantMinter, createGrantVerifier } from '../../src/broker/grant';
import {
  addGrantKey,
  ensureGrantKeySet,
  listGrantKeys,
  readGrantKeys,
  removeGrantKey,
  useNextGrantKey,
} from '../../src/broker/grant-keys';
import { loadKey, loadOrMakeKey, makeKey } from '../../src/broker/keys';
import { watchedFile } from '../../src/broker/watched-file';
import type { GrantClaims } from '../../src/domain/grant';

const NOW_S = 1_800_000_000;
const presenter = makeKey().thumbprint;
let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-grant-keys-'));
  path = ensureGrantKeySet(folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** What a host with the set as it is in the folder says of a grant. */
function verified(token: string, atS: number): string {
  const keys = readGrantKeys(path);
  const verifier = createGrantVerifier({ find: (id) => keys.get(id) });
  try {
    verifier.verify(token, { audience: 'channel', presenter, now: atS * 1000 });
    return 'accepted';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

function claims(iat: number): GrantClaims {
  return {
    iss: 'gatehouse',
    sub: 'run-1',
    aud: 'channel',
    jti: 'one',
    iat,
    exp: iat + 300,
    cnf: { jkt: presenter },
    organization: 'local',
    snapshot: '0'.repeat(64),
    host: 'here',
    calls: [{ id: 't1c1', tool: 'read-file', argsHash: '0'.repeat(64), effect: 'read' }],
  };
}

const signer = () => createGrantMinter(loadKey(join(folder, 'grant.jwk')));

test('the next key verifies before it signs, and signs when it is used', () => {
  const old = signer();
  addGrantKey(folder);
  expect(listGrantKeys(folder).map(({ state }) => state)).toEqual(['signs', 'next']);
  expect(verified(old.mint(claims(NOW_S)), NOW_S)).toBe('accepted');
  useNextGrantKey(folder, NOW_S);
  expect(listGrantKeys(folder).map(({ state }) => state)).toEqual(['retired', 'signs']);
  expect(verified(signer().mint(claims(NOW_S + 60)), NOW_S + 60)).toBe('accepted');
});

test('what the key of before signed counts until it expires', () => {
  const token = signer().mint(claims(NOW_S - 10));
  addGrantKey(folder);
  useNextGrantKey(folder, NOW_S);
  expect(verified(token, NOW_S + 289)).toBe('accepted');
  expect(verified(token, NOW_S + 291)).toBe('grant-expired');
});

test('a grant that a retired key signs afterwards is refused, whatever date it bears', () => {
  const old = signer();
  addGrantKey(folder);
  useNextGrantKey(folder, NOW_S);
  expect(verified(old.mint(claims(NOW_S + 11)), NOW_S + 11)).toBe('grant-invalid');
  expect(verified(old.mint(claims(NOW_S)), NOW_S + 3_600)).toBe('grant-expired');
});

test('a restart finds the keys as they were left', () => {
  const old = signer();
  addGrantKey(folder);
  useNextGrantKey(folder, NOW_S);
  const listed = listGrantKeys(folder);
  // What `up` does whenever it starts.
  loadOrMakeKey(folder, 'grant');
  expect(ensureGrantKeySet(folder)).toBe(path);
  expect(listGrantKeys(folder)).toEqual(listed);
  expect(verified(old.mint(claims(NOW_S + 11)), NOW_S + 11)).toBe('grant-invalid');
});

test('a removed key is not known any more, and the one that signs cannot be removed', () => {
  const token = signer().mint(claims(NOW_S));
  addGrantKey(folder);
  useNextGrantKey(folder, NOW_S);
  const [retired, current] = listGrantKeys(folder);
  expect(() => removeGrantKey(folder, current!.id)).toThrow(
    expect.objectContaining({ code: 'grant-key-current' }),
  );
  removeGrantKey(folder, retired!.id);
  expect(verified(token, NOW_S)).toBe('grant-invalid');
});

test('a second next key, and none, are refused', () => {
  expect(() => useNextGrantKey(folder)).toThrow(expect.objectContaining({ code: 'grant-key-missing' }));
  addGrantKey(folder);
  expect(() => addGrantKey(folder)).toThrow(expect.objectContaining({ code: 'grant-key-waiting' }));
});

test('a single public key is a set of one', () => {
  const { thumbprint } = loadOrMakeKey(folder, 'grant');
  expect([...readGrantKeys(join(folder, 'grant.public.jwk')).keys()]).toEqual([thumbprint]);
});

test('a host that runs learns of a change, and keeps what it knew while the file is broken', () => {
  const warnings: string[] = [];
  const keys = watchedFile(path, readGrantKeys, (message) => warnings.push(message));
  const clock = jest.spyOn(Date, 'now');
  const later = (ms: number) => clock.mockReturnValue(Date.parse('2030-01-01') + ms);
  later(0);
  expect(keys().size).toBe(1);
  addGrantKey(folder);
  later(2_000);
  expect(keys().size).toBe(2);
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, 'nonsense');
  later(4_000);
  expect(keys().size).toBe(2);
  expect(warnings).toHaveLength(1);
  writeFileSync(path, text);
  utimesSync(path, 1, 1);
  later(6_000);
  expect(keys().size).toBe(2);
  expect(warnings).toHaveLength(1);
  clock.mockRestore();
});
