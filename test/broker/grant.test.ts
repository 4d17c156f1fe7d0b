import { importJWK, jwtVerify, SignJWT } from 'jose';
import { createGrantMinter, createGrantVerifier } from '../../src/broker/grant';
import { signJws } from '../../src/broker/jws';
import { makeKey, publicJwk } from '../../src/broker/keys';
import type { GrantClaims } from '../../src/domain/grant';
import { sha256 } from '../../src/domain/hashing';

const gate = makeKey();
const host = makeKey();
const NOW = 1_800_000_000_000;
const minter = createGrantMinter(gate);
const verifier = createGrantVerifier({ publicKeys: [gate.publicKey] });
const expectation = { audience: 'activity', presenter: host.thumbprint, now: NOW } as const;
const header = { typ: 'gatehouse-grant+jwt', kid: gate.thumbprint };

test('a minted grant gives its claims back', () => {
  expect(verifier.verify(minter.mint(claims()), expectation)).toEqual(claims());
});

test('jose verifies what we sign, and its thumbprint is ours', async () => {
  const key = await importJWK(publicJwk(gate.publicKey), 'EdDSA');
  const verified = await jwtVerify(minter.mint(claims()), key, {
    issuer: 'gatehouse',
    audience: 'activity',
    currentDate: new Date(NOW),
  });
  expect(verified.payload).toEqual(claims());
  expect(verified.protectedHeader).toEqual({ ...header, alg: 'EdDSA' });
});

test('we verify what jose signs', async () => {
  const token = await new SignJWT({ ...claims() })
    .setProtectedHeader({ ...header, alg: 'EdDSA' })
    .sign(gate.privateKey);
  expect(verifier.verify(token, expectation)).toEqual(claims());
});

test('an expired grant starts nothing, and can still be asked what it started', () => {
  const late = { ...expectation, now: NOW + 60_000 };
  const token = minter.mint(claims());
  expect(() => verifier.verify(token, late)).toThrow(expect.objectContaining({ code: 'grant-expired' }));
  expect(verifier.open(token, late)).toEqual({ claims: claims(), isExpired: true });
  expect(verifier.open(token, { ...late, now: NOW + 59_999 }).isExpired).toBe(false);
});

test('another audience is refused', () => {
  const token = minter.mint(claims({ aud: 'channel' }));
  expect(code(() => verifier.verify(token, expectation))).toBe('grant-wrong-audience');
});

test('another presenter is refused', () => {
  const token = minter.mint(claims());
  expect(code(() => verifier.verify(token, { ...expectation, presenter: makeKey().thumbprint }))).toBe(
    'grant-wrong-presenter',
  );
  expect(code(() => verifier.verify(token, { ...expectation, presenter: '' }))).toBe('grant-wrong-presenter');
});

describe('a grant is invalid', () => {
  const [head, body, signature] = minter.mint(claims()).split('.') as [string, string, string];
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const swapped = encode({ ...claims(), sub: 'other' });

  test.each<[string, string]>([
    ['when its claims were changed', `${head}.${swapped}.${signature}`],
    ['when it is signed with an unknown key', createGrantMinter(makeKey()).mint(claims())],
    ['when another key signs under the known key id', signJws(header, claims(), makeKey().privateKey)],
    ['without a signature', `${head}.${body}.`],
    ['with algorithm none', `${encode({ ...header, alg: 'none' })}.${body}.${signature}`],
    ['with a symmetric algorithm', `${encode({ ...header, alg: 'HS256' })}.${body}.${signature}`],
    ['without a key id', signJws({ typ: header.typ }, claims(), gate.privateKey)],
    ['with another type', signJws({ ...header, typ: 'gatehouse-proof+jwt' }, claims(), gate.privateKey)],
    ['with critical extensions', signJws({ ...header, crit: ['b64'] }, claims(), gate.privateKey)],
    ['in another spelling of its signature', `${head}.${body}.${signature}=`],
    ['with a part too many', `${head}.${body}.${signature}.${signature}`],
    ['when it is no token', 'hello'],
    ['when it is huge', 'a'.repeat(100_000)],
    ['from another issuer', signed({ iss: 'elsewhere' })],
    ['with a claim nobody knows', signed({ admin: true })],
    ['without calls', signed({ calls: [] })],
    ['with a call twice', signed({ calls: [...claims().calls, ...claims().calls] })],
    ['with an effect nobody knows', signed({ calls: [{ ...claims().calls[0], effect: 'anything' }] })],
    ['from the future', signed({ iat: NOW / 1000 + 30, exp: NOW / 1000 + 60 })],
    ['with a longer life than a gate gives', signed({ exp: NOW / 1000 + 3600 })],
    ['that ends before it begins', signed({ exp: NOW / 1000 - 1 })],
  ])('%s', (_, token) => {
    expect(code(() => verifier.verify(token, expectation))).toBe('grant-invalid');
  });
});

test('the gate itself cannot mint claims that no verifier reads', () => {
  expect(() => minter.mint(claims({ snapshot: 'latest' }))).toThrow();
});

test('one grant takes well under a millisecond to sign and verify', () => {
  const started = performance.now();
  for (let index = 0; index < 200; index++) verifier.verify(minter.mint(claims()), expectation);
  expect((performance.now() - started) / 200).toBeLessThan(5);
});

function claims(changes: Partial<GrantClaims> = {}): GrantClaims {
  return {
    iss: 'gatehouse',
    sub: 'run-1',
    aud: 'activity',
    jti: 'grant-1',
    iat: NOW / 1000,
    exp: NOW / 1000 + 60,
    cnf: { jkt: host.thumbprint },
    organization: 'local',
    snapshot: sha256('snapshot'),
    host: 'here',
    calls: [{ id: 'c1', tool: 'read-file', argsHash: sha256('{}'), effect: 'read' }],
    ...changes,
  };
}

function signed(changes: Record<string, unknown>): string {
  return signJws(header, { ...claims(), ...changes }, gate.privateKey);
}

function code(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code;
  }
}
