import { generateKeyPairSync } from 'node:crypto';
import { jwtVerify } from 'jose';
import { createGithubIssuer } from '../../src/broker/issuers/github-issuer';
import { type Asked, type JsonServer, startJsonServer } from './support/json-server';

const TOKEN = 'ghs_16C7e42F292c6912E7710c838347Ae178B4a';
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const signal = new AbortController().signal;
let github: JsonServer;
let isOver = false;
beforeAll(async () => {
  github = await startJsonServer(answer);
});
afterAll(() => github?.close());

/** As GitHub's REST API 2022-11-28 answers. */
async function answer({ method, path, headers, body }: Asked): Promise<[number, unknown?]> {
  const bearer = headers.authorization?.replace('Bearer ', '') ?? '';
  if (method === 'POST' && path === '/app/installations/42/access_tokens') {
    try {
      const { payload } = await jwtVerify(bearer, publicKey, { algorithms: ['RS256'], issuer: '123' });
      if ((payload.exp ?? 0) - (payload.iat ?? 0) > 600) throw new TypeError('too long');
    } catch {
      return [401, { message: 'A JSON web token could not be decoded', status: '401' }];
    }
    const { repositories, permissions } = body as { repositories: string[]; permissions: object };
    return [
      201,
      {
        token: TOKEN,
        expires_at: new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+Z/, 'Z'),
        permissions,
        repository_selection: 'selected',
        repositories: repositories.map((name) => ({ id: 1, name, full_name: `shop/${name}` })),
      },
    ];
  }
  if (method === 'DELETE' && path === '/installation/token' && bearer === TOKEN && !isOver) {
    isOver = true;
    return [204];
  }
  return [401, { message: 'Bad credentials', status: '401' }];
}

const issuer = (key = privateKey, type: 'pkcs1' | 'pkcs8' = 'pkcs1') =>
  createGithubIssuer({
    ...{ appId: '123', installationId: 42, apiUrl: `${github.url}/` },
    privateKey: key.export({ type, format: 'pem' }).toString(),
    repositories: ['web'],
    permissions: { contents: 'read' },
  });
const request = { handle: 'cred-1', scope: 'read', expiresAt: Date.now() + 60_000, signal } as const;

test.each([
  'pkcs1',
  'pkcs8',
] as const)('a token is for the offer’s repositories and permissions, by a key in %s', async (type) => {
  const issued = await issuer(privateKey, type).issue(request);
  expect(issued).toMatchObject({ env: { GITHUB_TOKEN: TOKEN, GH_TOKEN: TOKEN }, secrets: [TOKEN] });
  expect(github.asked.at(-1)?.body).toEqual({ repositories: ['web'], permissions: { contents: 'read' } });
  expect(github.asked.at(-1)?.headers).toMatchObject({ 'x-github-api-version': '2022-11-28' });
});

test('a token is revoked by itself, twice without harm, and lapses where it is no longer known', async () => {
  const { expiresAt: _, ...material } = await issuer().issue(request);
  expect(await issuer().revoke('cred-1', material, signal)).toBe('revoked');
  expect(await issuer().revoke('cred-1', material, signal)).toBe('revoked');
  expect(await issuer().revoke('cred-1', null, signal)).toBe('until-expiry');
});

test('a key that is not the app’s gets nothing', async () => {
  const { privateKey: other } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  await expect(issuer(other).issue(request)).rejects.toThrow('GitHub answered HTTP 401');
});
