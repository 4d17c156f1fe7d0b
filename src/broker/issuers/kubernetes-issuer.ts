import { z } from 'zod';
import type { Issuer } from './issuer';
import { askProvider, type ProviderRequest } from './provider-request';

export interface KubernetesOptions {
  server: string;
  certificateAuthority?: string;
  token: string;
  namespace: string;
  serviceAccount: string;
  audiences?: readonly string[];
}

const secretAnswer = z.object({ metadata: z.object({ uid: z.string().min(1) }) });
const tokenAnswer = z.object({
  status: z.object({ token: z.string().min(8), expirationTimestamp: z.iso.datetime() }),
});

/**
 * A token of a service account for each credential (TokenRequest), bound to a secret made for it alone: with that secret
 * it ends, at once and for every API server.
 */
export function createKubernetesIssuer(options: KubernetesOptions): Issuer {
  const server = options.server.replace(/\/$/, '');
  const core = `${server}/api/v1/namespaces/${options.namespace}`;
  const ask = (request: Pick<ProviderRequest, 'method' | 'url' | 'body' | 'signal'>) =>
    askProvider({
      ...request,
      headers: { authorization: `Bearer ${options.token}` },
      certificateAuthority: options.certificateAuthority,
    });

  return {
    provider: 'kubernetes',

    async issue({ handle, expiresAt, signal }) {
      const name = boundTo(handle);
      const bound = await ask({
        method: 'POST',
        url: `${core}/secrets`,
        body: {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name, labels: { 'app.kubernetes.io/managed-by': 'gatehouse' } },
          type: 'Opaque',
        },
        signal,
      });
      if (bound.status !== 201) throw new Error(`Kubernetes answered HTTP ${bound.status} to a secret`);
      const { uid } = secretAnswer.parse(bound.body).metadata;
      const { status, body } = await ask({
        method: 'POST',
        url: `${core}/serviceaccounts/${options.serviceAccount}/token`,
        body: {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: {
            ...(options.audiences && { audiences: options.audiences }),
            expirationSeconds: Math.max(600, Math.round((expiresAt - Date.now()) / 1000)),
            boundObjectRef: { apiVersion: 'v1', kind: 'Secret', name, uid },
          },
        },
        signal,
      });
      if (status !== 201) throw new Error(`Kubernetes answered HTTP ${status} to a request for a token`);
      const { token, expirationTimestamp } = tokenAnswer.parse(body).status;
      return {
        env: {},
        files: { KUBECONFIG: { name: 'kubeconfig', text: kubeconfig(options, token) } },
        secrets: [token],
        expiresAt: Date.parse(expirationTimestamp),
      };
    },

    async revoke(handle, _material, signal) {
      const { status } = await ask({ method: 'DELETE', url: `${core}/secrets/${boundTo(handle)}`, signal });
      if (status === 200 || status === 202 || status === 404) return 'revoked';
      throw new Error(`Kubernetes answered HTTP ${status} to the end of a token`);
    },
  };
}

function boundTo(handle: string): string {
  return `gatehouse-${handle}`;
}

function kubeconfig({ server, certificateAuthority, namespace }: KubernetesOptions, token: string): string {
  const authority = certificateAuthority && {
    'certificate-authority-data': Buffer.from(certificateAuthority).toString('base64'),
  };
  // JSON is YAML.
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'gatehouse',
    clusters: [{ name: 'gatehouse', cluster: { server, ...authority } }],
    users: [{ name: 'gatehouse', user: { token } }],
    contexts: [{ name: 'gatehouse', context: { cluster: 'gatehouse', user: 'gatehouse', namespace } }],
  });
}
