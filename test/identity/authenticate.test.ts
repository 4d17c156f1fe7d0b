import { SignJWT, UnsecuredJWT } from 'jose';
import type { Caller } from '../../src/domain/caller';
import { makeApiKey } from '../../src/identity/api-keys';
import { createAuthenticate } from '../../src/identity/authenticate';
import { createOidc, type OidcSettings } from '../../src/identity/oidc';
import { createSessions, SESSION_LIFETIME_MS } from '../../src/identity/sessions';
import { createApiKeyStore } from '../../src/store/api-key-store';
import { createOrganizationStore } from '../../src/store/organization-store';
import { createPersonStore } from '../../src/store/person-store';
import { createSessionStore } from '../../src/store/session-store';
import { openStores, type StoreFixture } from '../store/fixture';
import { AUDIENCE, startProvider, type TestProvider } from './oidc-provider';

let stores: StoreFixture;
let provider: TestProvider;
beforeAll(async () => {
  stores = await openStores();
  provider = await startProvider();
});
afterAll(async () => {
  await provider.close();
  await stores.close();
});

const people = () => createPersonStore(stores.database);
const authenticating = (settings: Partial<OidcSettings> = {}) =>
  createAuthenticate({
    apiKeys: createApiKeyStore(stores.database),
    organizations: createOrganizationStore(stores.database),
    people: people(),
    oidc: createOidc({ issuer: provider.issuer, audience: AUDIENCE, ...settings }),
  });

describe('an API key', () => {
  const keys = () => createApiKeyStore(stores.database);

  async function make(person: string, given: { roles?: string[]; expiresAt?: number | null } = {}) {
    const { key, hash } = makeApiKey();
    const { roles = ['approver'], expiresAt = null } = given;
    const stored = await keys().create(
      'local',
      { name: 'test', person, roles, scopes: ['approvals:decide'], expiresAt },
      hash,
      'ada',
    );
    return { key, stored };
  }

  test('says who calls, and is kept as a hash only', async () => {
    const { key } = await make('alice');
    expect(key).toMatch(/^gatehouse_[\w-]{43}$/);
    expect(await authenticating()(key)).toEqual({
      organizationId: 'local',
      person: 'alice',
      roles: ['approver'],
      scopes: ['approvals:decide'],
      proof: 'api-key',
      apiKeyId: expect.any(String),
    });
    const rows = await stores.database.client.$queryRaw<unknown[]>`SELECT * FROM "ApiKey"`;
    expect(JSON.stringify(rows)).not.toContain(key);
  });

  test('counts no longer once it is revoked or has expired', async () => {
    const { key, stored } = await make('alice');
    await keys().revoke('local', stored.id, 'ada');
    await expect(authenticating()(key)).rejects.toMatchObject({ code: 'credentials-invalid' });
    const { key: old } = await make('alice', { expiresAt: Date.now() - 1 });
    await expect(authenticating()(old)).rejects.toMatchObject({ code: 'credentials-expired' });
  });

  test('of a person has the roles they still have, and none when they are disabled', async () => {
    await people().apply('local', { name: 'bob', roles: ['approver', 'senior-engineer'] }, 'ada');
    const { key } = await make('bob', { roles: ['approver', 'senior-engineer', 'admin'] });
    expect(await authenticating()(key)).toMatchObject({ roles: ['approver', 'senior-engineer'] });
    await people().apply('local', { name: 'bob', roles: ['approver'] }, 'ada');
    expect(await authenticating()(key)).toMatchObject({ roles: ['approver'] });
    await people().disable('local', 'bob', 'ada');
    await expect(authenticating()(key)).rejects.toMatchObject({ code: 'credentials-invalid' });
  });

  test('is audited when it is made and revoked, without its secret', async () => {
    const { key, stored } = await make('carol');
    await keys().revoke('local', stored.id, 'ada');
    await keys().revoke('local', stored.id, 'ada');
    const records = await stores.database.client.organizationAuditRecord.findMany({
      where: { organizationId: 'local', kind: { startsWith: 'api-key' } },
      orderBy: { sequence: 'asc' },
    });
    const own = records.filter(({ body }) => body.includes(stored.id));
    expect(own.map(({ kind }) => kind)).toEqual(['api-key-created', 'api-key-revoked']);
    expect(JSON.stringify(records)).not.toContain(key);
  });
});

describe('a token of the OpenID provider', () => {
  test('says who calls: organization, person and roles are its claims, scopes follow from roles', async () => {
    expect(await authenticating()(await provider.token({ roles: ['approver', 'senior-engineer'] }))).toEqual({
      organizationId: 'local',
      person: 'alice',
      roles: ['approver', 'senior-engineer'],
      scopes: expect.arrayContaining(['approvals:decide']),
      proof: 'oidc',
    });
  });

  test('may have its claims under other names, nested ones among them', async () => {
    const token = await provider.token({
      email: 'alice@example.com',
      'https://example.com/tenant': 'local',
      realm_access: { roles: ['operator'] },
    });
    const authenticate = authenticating({
      organizationClaim: 'https://example.com/tenant',
      personClaim: 'email',
      rolesClaim: 'realm_access.roles',
    });
    expect(await authenticate(token)).toMatchObject({ person: 'alice@example.com', roles: ['operator'] });
  });

  test('may be signed by a key that the provider has only now', async () => {
    const authenticate = authenticating();
    await authenticate(await provider.token());
    await provider.rotate();
    // Keys are fetched again no more than every so often; a new process has not fetched any.
    expect(await authenticating()(await provider.token())).toMatchObject({ person: 'alice' });
  });

  test('without roles may do nothing', async () => {
    expect(await authenticating()(await provider.token({ roles: undefined }))).toMatchObject({ scopes: [] });
  });

  test.each<[string, () => Promise<string>, string]>([
    ['has expired', () => provider.token({}, { expiresInS: -60 }), 'credentials-expired'],
    ['is for somebody else', () => provider.token({}, { audience: 'another' }), 'credentials-invalid'],
    [
      'is of another issuer',
      () => provider.token({ iss: 'https://evil.example' }).then(issuedBy),
      'credentials-invalid',
    ],
    ['is not signed', async () => unsigned(), 'credentials-invalid'],
    ['is signed with a shared secret', () => symmetric(), 'credentials-invalid'],
    ['was altered', async () => altered(await provider.token()), 'credentials-invalid'],
    ['names no organization', () => provider.token({ organization: undefined }), 'credentials-invalid'],
    [
      'names an organization that is not there',
      () => provider.token({ organization: 'ghost' }),
      'credentials-invalid',
    ],
    ['has roles that are no list', () => provider.token({ roles: { admin: true } }), 'credentials-invalid'],
    ['is no token', async () => 'a.b.c', 'credentials-invalid'],
  ])('counts for nothing when it %s', async (_why, make, code) => {
    await expect(authenticating()(await make())).rejects.toMatchObject({ code });
  });

  test('of a disabled person counts for nothing', async () => {
    await people().apply('local', { name: 'dan', roles: [] }, 'ada');
    await people().disable('local', 'dan', 'ada');
    const token = await provider.token({ preferred: 'dan' });
    await expect(authenticating({ personClaim: 'preferred' })(token)).rejects.toMatchObject({
      code: 'credentials-invalid',
    });
  });

  test('is refused for now while the provider cannot be reached or says something else of itself', async () => {
    const gone = createOidc({ issuer: 'http://127.0.0.1:9', audience: AUDIENCE });
    await expect(gone.callerOf(await provider.token())).rejects.toMatchObject({
      code: 'identity-provider-unreachable',
    });
    const authenticate = authenticating();
    provider.misdescribe({ issuer: 'https://evil.example' });
    await expect(authenticate(await provider.token())).rejects.toMatchObject({
      code: 'identity-provider-unreachable',
    });
    provider.misdescribe({ jwks_uri: 'http://keys.example/keys' });
    await expect(authenticate(await provider.token())).rejects.toMatchObject({
      code: 'identity-provider-unreachable',
    });
    provider.misdescribe({});
    expect(await authenticate(await provider.token())).toMatchObject({ person: 'alice' });
  });

  const claims = () => ({ organization: 'local', roles: ['admin'] });
  const unsigned = () =>
    new UnsecuredJWT(claims())
      .setIssuer(provider.issuer)
      .setAudience(AUDIENCE)
      .setSubject('eve')
      .setIssuedAt()
      .setExpirationTime('5m')
      .encode();
  const symmetric = () =>
    new SignJWT(claims())
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(provider.issuer)
      .setAudience(AUDIENCE)
      .setSubject('eve')
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(Buffer.from('a shared secret of 32 characters'));
  const altered = (token: string) => {
    const [head, , signature] = token.split('.');
    const body = Buffer.from(
      JSON.stringify({ ...claims(), sub: 'eve', iss: provider.issuer, aud: AUDIENCE }),
    );
    return [head, body.toString('base64url'), signature].join('.');
  };
  const issuedBy = (token: string) => altered(token);
});

describe('a session', () => {
  const alice: Caller = {
    organizationId: 'local',
    person: 'alice',
    roles: ['approver'],
    scopes: ['approvals:decide'],
    proof: 'oidc',
  };
  const sessions = (now?: () => number) => createSessions(createSessionStore(stores.database, now), now);

  test('lets a browser do what whoever began it could, until it is ended', async () => {
    const { token, expiresAt } = await sessions().begin(alice);
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(expiresAt - Date.now()).toBeGreaterThan(SESSION_LIFETIME_MS - 60_000);
    expect(await sessions().callerOf(token)).toEqual({ ...alice, proof: 'session' });
    const rows = await stores.database.client.session.findMany();
    expect(JSON.stringify(rows)).not.toContain(token);
    await sessions().end(token);
    expect(await sessions().callerOf(token)).toBeNull();
  });

  test('ends after 12 hours, and with its person', async () => {
    const { token } = await sessions().begin(alice);
    expect(await sessions(() => Date.now() + SESSION_LIFETIME_MS).callerOf(token)).toBeNull();
    await people().apply('local', { name: 'fay', roles: ['approver'] }, 'ada');
    const { token: fays } = await sessions().begin({ ...alice, person: 'fay' });
    expect(await sessions().callerOf(fays)).toMatchObject({ person: 'fay' });
    await people().disable('local', 'fay', 'ada');
    expect(await sessions().callerOf(fays)).toBeNull();
  });

  test('can be ended everywhere at once', async () => {
    const { token } = await sessions().begin({ ...alice, person: 'gus' });
    await sessions().begin({ ...alice, person: 'gus' });
    expect(await sessions().endAllOf('local', 'gus')).toBe(2);
    expect(await sessions().callerOf(token)).toBeNull();
  });

  test.each([
    '',
    'x',
    '../../etc/passwd',
    'a'.repeat(10_000),
  ])('is nobody’s with the token %j', async (token) => {
    expect(await sessions().callerOf(token)).toBeNull();
  });
});
