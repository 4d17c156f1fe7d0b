import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { createAuthorizationCode, type LoginBehaviour } from './authorization-code';

/** An OpenID Connect provider on loopback: its discovery document, its key set, tokens it signs, and a login. */
export interface TestProvider {
  issuer: string;
  /** Who logs in there, and how it answers. */
  login: LoginBehaviour;
  /** Where it sent browsers back to, the last one last. */
  redirects: readonly string[];
  /** How often its keys were fetched. */
  keyFetches(): number;
  /** A token as it would sign one, but for what is given. */
  token(
    claims?: JWTPayload,
    given?: { expiresInS?: number; algorithm?: string; audience?: string },
  ): Promise<string>;
  /** Signs with a new key from now on. */
  rotate(): Promise<void>;
  /** What the discovery document says instead. */
  misdescribe(changes: Record<string, unknown>): void;
  close(): Promise<void>;
}

export const AUDIENCE = 'gatehouse';

export async function startProvider(): Promise<TestProvider> {
  let fetches = 0;
  let number = 0;
  let changes: Record<string, unknown> = {};
  let current = await makeKey();
  const login: LoginBehaviour = {
    clientId: AUDIENCE,
    clientSecret: null,
    claims: { organization: 'local', roles: ['approver'] },
    answer: {},
  };
  const code = createAuthorizationCode(() => issuer, token, login);
  const server = createServer(async (request, response) => {
    response.setHeader('content-type', 'application/json');
    if (request.url === '/.well-known/openid-configuration') {
      response.end(
        JSON.stringify({
          issuer,
          jwks_uri: `${issuer}/keys`,
          authorization_endpoint: `${issuer}/authorize`,
          token_endpoint: `${issuer}/token`,
          response_types_supported: ['code'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['ES256'],
          ...changes,
        }),
      );
    } else if (request.url === '/keys') {
      fetches++;
      response.end(JSON.stringify({ keys: [current.jwk] }));
    } else if (!(await code.answers(request, response))) response.writeHead(404).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function makeKey() {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const kid = `key-${++number}`;
    return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'ES256', use: 'sig' } };
  }

  function token(
    claims: JWTPayload = {},
    { expiresInS = 300, audience = AUDIENCE }: { expiresInS?: number; audience?: string } = {},
  ): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ organization: 'local', roles: ['approver'], ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: current.kid })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject('alice')
      .setIssuedAt(now)
      .setExpirationTime(now + expiresInS)
      .sign(current.privateKey);
  }

  return {
    issuer,
    login,
    redirects: code.redirects,
    keyFetches: () => fetches,
    token,
    async rotate() {
      current = await makeKey();
    },
    misdescribe(other) {
      changes = other;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
