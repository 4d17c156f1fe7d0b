import { createPrivateKey } from 'node:crypto';
import { SignJWT } from 'jose';
import { z } from 'zod';
import type { Issuer } from './issuer';
import { askProvider } from './provider-request';

export interface GithubOptions {
  appId: string;
  installationId: number;
  /** PEM, PKCS#1 as GitHub gives it or PKCS#8. */
  privateKey: string;
  repositories: readonly string[];
  permissions: Record<string, 'read' | 'write'>;
  apiUrl: string;
}

const tokenAnswer = z.object({ token: z.string().min(8), expires_at: z.iso.datetime() });

/** A token of a GitHub App's installation for each credential: for some repositories, with some permissions. */
export function createGithubIssuer(options: GithubOptions): Issuer {
  const key = createPrivateKey(options.privateKey);
  const api = options.apiUrl.replace(/\/$/, '');
  const headers = (token: string) => ({
    accept: 'application/vnd.github+json',
    authorization: `Bearer ${token}`,
    'x-github-api-version': '2022-11-28',
  });

  /** Proves that we are the app; GitHub takes ten minutes at most, and clocks differ. */
  function ownToken(): Promise<string> {
    const nowS = Math.floor(Date.now() / 1000);
    return new SignJWT({ iss: options.appId, iat: nowS - 60, exp: nowS + 300 })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
      .sign(key);
  }

  return {
    provider: 'github',

    async issue({ signal }) {
      const { status, body } = await askProvider({
        method: 'POST',
        url: `${api}/app/installations/${options.installationId}/access_tokens`,
        headers: headers(await ownToken()),
        body: { repositories: options.repositories, permissions: options.permissions },
        signal,
      });
      if (status !== 201) throw new Error(`GitHub answered HTTP ${status} to a request for a token`);
      const { token } = tokenAnswer.parse(body);
      // An hour is all that GitHub gives: it is revoked when its time here is over.
      return { env: { GITHUB_TOKEN: token, GH_TOKEN: token }, files: {}, secrets: [token] };
    },

    async revoke(_handle, material, signal) {
      const token = material?.env.GITHUB_TOKEN;
      if (token === undefined) return 'until-expiry';
      const { status } = await askProvider({
        method: 'DELETE',
        url: `${api}/installation/token`,
        headers: headers(token),
        signal,
      });
      // 401: it is over already.
      if (status === 204 || status === 401) return 'revoked';
      throw new Error(`GitHub answered HTTP ${status} to the end of a token`);
    },
  };
}
