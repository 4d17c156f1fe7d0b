import { createHash } from 'node:crypto';
import { z } from 'zod';
import { GatehouseError } from '../domain/errors';
import type { Oidc } from '../identity/oidc';
import { hasHash, hashOfToken, makeSecretToken } from '../identity/secret-token';
import { paths } from './paths';

/** Login through the identity provider: authorization code with PKCE. */
export interface OidcLogin {
  /** @returns where to send the browser, and what its cookie keeps until it is back */
  begin(next: string): Promise<{ url: string; state: string }>;
  /**
   * @param answer what the provider sent the browser back with
   * @param state of the cookie
   * @returns a token of the caller, to be authenticated, and where they wanted to go
   * @throws GatehouseError `login-refused`, `identity-provider-unreachable`
   */
  finish(answer: URLSearchParams, state: string): Promise<{ bearer: string; next: string }>;
}

export interface OidcLoginSettings {
  /** Where people reach the console. */
  origin: string;
  oidc: Pick<Oidc, 'provider' | 'claimsOf'>;
  clientId: string;
  /** Null for a public client, which PKCE alone protects. */
  clientSecret: string | null;
  /** @default 'openid profile' */
  scope?: string;
}

const REQUEST_LIMIT_MS = 10_000;

const kept = z.strictObject({
  state: z.string(),
  verifier: z.string(),
  nonce: z.string(),
  next: z.string(),
});
const tokens = z.object({ id_token: z.string().optional(), access_token: z.string().optional() });

export function createOidcLogin({
  origin,
  oidc,
  clientId,
  clientSecret,
  scope,
}: OidcLoginSettings): OidcLogin {
  const redirectUri = `${origin}${paths.login}/provider`;

  async function endpoints() {
    const { authorizationEndpoint, tokenEndpoint, ...provider } = await oidc.provider();
    if (authorizationEndpoint && tokenEndpoint) return { ...provider, authorizationEndpoint, tokenEndpoint };
    throw refused('the identity provider offers no login by authorization code');
  }

  return {
    async begin(next) {
      const { authorizationEndpoint } = await endpoints();
      const [state, verifier, nonce] = [makeSecretToken(), makeSecretToken(), makeSecretToken()];
      const url = new URL(authorizationEndpoint);
      const parameters = {
        response_type: 'code',
        client_id: clientId,
        redirect_uri: redirectUri,
        scope: scope ?? 'openid profile',
        state,
        nonce,
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
      };
      for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
      const cookie = Buffer.from(JSON.stringify({ state, verifier, nonce, next })).toString('base64url');
      return { url: url.href, state: cookie };
    },

    async finish(answer, cookie) {
      const { state, verifier, nonce, next } = readKept(cookie);
      const code = answer.get('code');
      if (answer.has('error')) throw refused('the identity provider refused the login');
      if (!code || !hasHash(answer.get('state') ?? '', hashOfToken(state)))
        throw refused('this is not the answer to the login that was begun here; try again');
      const { issuer, tokenEndpoint, clientAuthentication } = await endpoints();
      // RFC 9207: an answer of another provider is not redeemed at this one.
      if ((answer.get('iss') ?? issuer) !== issuer)
        throw refused('this is the answer of another identity provider');
      const { id_token: idToken } = await redeem(
        tokenEndpoint,
        {
          grant_type: 'authorization_code',
          code,
          redirect_uri: redirectUri,
          client_id: clientId,
          code_verifier: verifier,
        },
        clientSecret === null ? null : { clientId, clientSecret, clientAuthentication },
      );
      if (!idToken) throw refused('the identity provider gave no token that says who logs in');
      // A token that was caught elsewhere is of another login.
      if ((await oidc.claimsOf(idToken)).nonce !== nonce)
        throw refused('the token is of another login; try again');
      return { bearer: idToken, next };
    },
  };
}

interface ClientProof {
  clientId: string;
  clientSecret: string;
  clientAuthentication: 'basic' | 'post';
}

async function redeem(
  endpoint: string,
  parameters: Record<string, string>,
  proof: ClientProof | null,
): Promise<z.infer<typeof tokens>> {
  const isPosted = proof?.clientAuthentication === 'post';
  const body = new URLSearchParams({
    ...parameters,
    ...(proof && isPosted ? { client_secret: proof.clientSecret } : {}),
  });
  try {
    const answer = await fetch(endpoint, {
      method: 'POST',
      body,
      headers: {
        accept: 'application/json',
        ...(proof && !isPosted ? { authorization: basic(proof) } : {}),
      },
      redirect: 'error',
      signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
    });
    if (!answer.ok) throw new Error(`the token endpoint answered ${answer.status}`);
    return tokens.parse(await answer.json());
  } catch (cause) {
    throw refused('the identity provider did not take the login; try again', cause);
  }
}

/** RFC 6749, 2.3.1: both parts are written as in a form first. */
function basic({ clientId, clientSecret }: ClientProof): string {
  const [id, secret] = [clientId, clientSecret].map((part) =>
    new URLSearchParams({ '': part }).toString().slice(1),
  );
  return `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
}

function readKept(cookie: string): z.infer<typeof kept> {
  try {
    return kept.parse(JSON.parse(Buffer.from(cookie, 'base64url').toString('utf8')));
  } catch (cause) {
    throw refused('the login was begun in another browser, or too long ago; try again', cause);
  }
}

function refused(message: string, cause?: unknown): GatehouseError {
  return new GatehouseError('login-refused', message, { cause });
}
