import { createHash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JWTPayload } from 'jose';

/** What the provider is set to do; each may be changed between logins. */
export interface LoginBehaviour {
  clientId: string;
  /** Null for a public client. */
  clientSecret: string | null;
  /** Whoever is logged in at the provider. */
  claims: JWTPayload;
  /** Beside what a provider should answer: for logins that must not count. */
  answer: { state?: string; iss?: string; error?: string };
  /** In the token instead of what was asked for. */
  nonce?: string;
}

interface Issued {
  redirectUri: string;
  challenge: string;
  nonce: string;
  claims: JWTPayload;
}

/**
 * The two endpoints of a login by authorization code, as a strict provider has them: PKCE with S256 is required, a code
 * counts once, for the client, redirect and verifier that it was given for (RFC 6749, RFC 7636, RFC 9207).
 */
export function createAuthorizationCode(
  issuer: () => string,
  idToken: (claims: JWTPayload) => Promise<string>,
  behaviour: LoginBehaviour,
) {
  const codes = new Map<string, Issued>();
  const redirects: string[] = [];

  function authorize(asked: URLSearchParams, response: ServerResponse): void {
    const redirectUri = asked.get('redirect_uri') ?? '';
    const problem =
      asked.get('client_id') !== behaviour.clientId
        ? 'unauthorized_client'
        : asked.get('response_type') !== 'code' || !asked.get('scope')?.split(' ').includes('openid')
          ? 'invalid_request'
          : asked.get('code_challenge_method') !== 'S256' || !asked.get('code_challenge')
            ? 'invalid_request'
            : null;
    if (problem) {
      response.writeHead(400).end(JSON.stringify({ error: problem }));
      return;
    }
    const back = new URL(redirectUri);
    back.searchParams.set('state', behaviour.answer.state ?? asked.get('state') ?? '');
    back.searchParams.set('iss', behaviour.answer.iss ?? issuer());
    if (behaviour.answer.error) back.searchParams.set('error', behaviour.answer.error);
    else {
      const code = randomBytes(16).toString('hex');
      codes.set(code, {
        redirectUri,
        challenge: asked.get('code_challenge')!,
        nonce: behaviour.nonce ?? asked.get('nonce') ?? '',
        claims: behaviour.claims,
      });
      back.searchParams.set('code', code);
    }
    redirects.push(back.href);
    response.writeHead(302, { location: back.href }).end();
  }

  async function token(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await bodyOf(request));
    const code = form.get('code') ?? '';
    const issued = codes.get(code);
    codes.delete(code);
    const refuse = (status: number, error: string) =>
      response.writeHead(status).end(JSON.stringify({ error }));
    if (!isClient(request, form)) return void refuse(401, 'invalid_client');
    if (form.get('grant_type') !== 'authorization_code') return void refuse(400, 'unsupported_grant_type');
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (issued?.challenge !== challenge || issued.redirectUri !== form.get('redirect_uri'))
      return void refuse(400, 'invalid_grant');
    const { nonce, claims } = issued;
    response.end(
      JSON.stringify({
        access_token: randomBytes(16).toString('hex'),
        token_type: 'Bearer',
        expires_in: 300,
        id_token: await idToken({ nonce, ...claims }),
      }),
    );
  }

  function isClient(request: IncomingMessage, form: URLSearchParams): boolean {
    const { clientId, clientSecret } = behaviour;
    if (clientSecret === null) return form.get('client_id') === clientId;
    const given = /^Basic (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const [id, secret] = Buffer.from(given, 'base64').toString('utf8').split(':').map(fromForm);
    return id === clientId && secret === clientSecret && !form.has('client_secret');
  }

  return {
    /** Where it sent browsers back to, the last one last. */
    redirects,
    /** @returns whether the request was for one of its endpoints */
    async answers(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
      const { pathname, searchParams } = new URL(request.url ?? '', issuer());
      if (pathname === '/authorize') authorize(searchParams, response);
      else if (pathname === '/token' && request.method === 'POST') await token(request, response);
      else return false;
      return true;
    },
  };
}

function fromForm(text: string): string | null {
  return new URLSearchParams(`text=${text}`).get('text');
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}
