import { createArtifactPasses } from '../../activities/artifact-pass';
import { createPassMinter, createPassVerifier, requireGood } from '../../src/broker/artifact-pass';
import { createGrantMinter, createGrantVerifier } from '../../src/broker/grant';
import { readJws, signJws } from '../../src/broker/jws';
import { makeKey } from '../../src/broker/keys';
import type { PassBearer, PassClaims, PassVerb } from '../../src/domain/artifact-pass';

const [grantKey, runner, host, otherHost] = [makeKey(), makeKey(), makeKey(), makeKey()];
const keys = { runner: runner.thumbprint, sandboxes: new Set([host.thumbprint, otherHost.thumbprint]) };
const NOW = Date.UTC(2030, 0, 2, 3, 4, 5);
const HOUR = 3_600_000;
const passes = createArtifactPasses({
  minter: createPassMinter(grantKey),
  presenters: keys,
  now: () => NOW,
});
const verifier = (retiredAt: number | null = null) =>
  createPassVerifier({
    find: (id) => (id === grantKey.thumbprint ? { publicKey: grantKey.publicKey, retiredAt } : undefined),
  });
const pass = async (bearer: PassBearer) =>
  (await passes.artifactPass({ runId: 'r', organizationId: 'local', bearer })).token;
const sandbox: PassBearer = { role: 'sandbox', keyThumbprint: host.thumbprint };

/** 'good', or the code of the refusal. */
async function tried(token: string, verb: PassVerb, presenter: string, later = 0): Promise<string> {
  try {
    const now = NOW + later;
    requireGood(verifier().open(token, now), verb, { presenter, keys, now });
    return 'good';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

test.each<[string, PassBearer, PassVerb, string, string]>([
  ['the runner reads', { role: 'runner' }, 'read', runner.thumbprint, 'good'],
  ['the runner puts nothing', { role: 'runner' }, 'write', runner.thumbprint, 'artifact-pass-wrong-verb'],
  ['the host of the run reads', sandbox, 'read', host.thumbprint, 'good'],
  ['the host of the run puts', sandbox, 'write', host.thumbprint, 'good'],
  ['another host is not it', sandbox, 'read', otherHost.thumbprint, 'artifact-pass-wrong-bearer'],
  ['the runner is no host', sandbox, 'read', runner.thumbprint, 'artifact-pass-wrong-bearer'],
  ['a host is no runner', { role: 'runner' }, 'read', host.thumbprint, 'artifact-pass-wrong-bearer'],
  ['whoever prepares puts', { role: 'any-sandbox', mayRead: false }, 'write', otherHost.thumbprint, 'good'],
  [
    'whoever prepares reads nothing',
    { role: 'any-sandbox', mayRead: false },
    'read',
    host.thumbprint,
    'artifact-pass-wrong-verb',
  ],
  [
    'whoever makes it again reads',
    { role: 'any-sandbox', mayRead: true },
    'read',
    otherHost.thumbprint,
    'good',
  ],
  [
    'a stranger prepares nothing',
    { role: 'any-sandbox', mayRead: true },
    'write',
    makeKey().thumbprint,
    'artifact-pass-wrong-bearer',
  ],
])('%s', async (_what, bearer, verb, presenter, answer) =>
  expect(await tried(await pass(bearer), verb, presenter)).toBe(answer));

test('reading ends after half an hour, putting when the longest call has ended', async () => {
  const token = await pass(sandbox);
  expect(await tried(token, 'read', host.thumbprint, HOUR / 2 - 1)).toBe('good');
  expect(await tried(token, 'read', host.thumbprint, HOUR / 2)).toBe('artifact-pass-expired');
  expect(await tried(token, 'write', host.thumbprint, 26 * HOUR - 1)).toBe('good');
  expect(await tried(token, 'write', host.thumbprint, 26 * HOUR)).toBe('artifact-pass-expired');
});

test('a host that control was not told of gets no pass', () =>
  expect(pass({ role: 'sandbox', keyThumbprint: makeKey().thumbprint })).rejects.toMatchObject({
    type: 'presenter-unknown',
  }));

describe('a pass that control did not make so is none', () => {
  const claimsOf = (token: string) => readJws(token)?.claims as PassClaims;
  const sign = (claims: object, header: object = {}, key = grantKey) =>
    signJws({ typ: 'gatehouse-artifacts+jwt', kid: grantKey.thumbprint, ...header }, claims, key.privateKey);

  test.each<[string, (claims: PassClaims) => string]>([
    ['is signed with another key', (claims) => sign(claims, {}, host)],
    ['names another key', (claims) => sign(claims, { kid: host.thumbprint }, host)],
    ['is of another type', (claims) => sign(claims, { typ: 'gatehouse-grant+jwt' })],
    ['reads for longer than any', (claims) => sign({ ...claims, read: claims.iat + 1_801 })],
    ['puts for longer than any', (claims) => sign({ ...claims, write: claims.iat + 26 * 3_600 + 1 })],
    ['begins later', (claims) => sign({ ...claims, iat: claims.iat + 6 })],
    ['has a claim more', (claims) => sign({ ...claims, admin: true })],
    ['names a role that is none', (claims) => sign({ ...claims, role: 'control' })],
    ['is no token', () => 'pass'],
  ])('one that %s', async (_what, forged) => {
    const claims = claimsOf(await pass(sandbox));
    expect(() => verifier().open(forged(claims), NOW)).toThrow(
      expect.objectContaining({ code: 'artifact-pass-invalid' }),
    );
  });

  test('one that is signed by a key that was retired before', async () => {
    const token = await pass(sandbox);
    const { iat } = claimsOf(token);
    expect(verifier(iat - 10).open(token, NOW)).toMatchObject({ sub: 'r' });
    expect(() => verifier(iat - 11).open(token, NOW)).toThrow('retired');
  });

  test('a grant is no pass, and a pass no grant', async () => {
    const grant = createGrantMinter(grantKey).mint({
      ...{ iss: 'gatehouse', sub: 'r', aud: 'activity', jti: 'g', organization: 'local', host: 'here' },
      ...{ iat: NOW / 1000, exp: NOW / 1000 + 60, cnf: { jkt: host.thumbprint } },
      snapshot: 'a'.repeat(64),
      calls: [{ id: 'c', tool: 't', argsHash: 'a'.repeat(64), effect: 'read' }],
    });
    expect(() => verifier().open(grant, NOW)).toThrow('cannot be read');
    const grants = createGrantVerifier({ publicKeys: [grantKey.publicKey] });
    const token = await pass(sandbox);
    expect(() =>
      grants.verify(token, { audience: 'activity', presenter: host.thumbprint, now: NOW }),
    ).toThrow('cannot be read');
  });
});
