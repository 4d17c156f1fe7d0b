import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKubernetesIssuer } from '../../src/broker/issuers/kubernetes-issuer';
import { type Asked, type JsonServer, startJsonServer } from './support/json-server';

const OURS = 'a-token-of-the-broker';
const TOKEN =
  'eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiJzeXN0ZW06c2VydmljZWFjY291bnQ6c2hvcDpyZWFkZXIifQ.c2ln';
const signal = new AbortController().signal;
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-kubernetes-'));
const secrets = new Map<string, string>();
let cluster: JsonServer;
let authority: string;

beforeAll(async () => {
  const [cert, key] = [join(folder, 'crt'), join(folder, 'key')];
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1']
      .concat(['-subj', '/CN=kubernetes', '-addext', 'subjectAltName=IP:127.0.0.1'])
      .concat(['-keyout', key, '-out', cert]),
    { stdio: 'ignore' },
  );
  authority = readFileSync(cert, 'utf8');
  cluster = await startJsonServer(answer, { cert: readFileSync(cert), key: readFileSync(key) });
});
afterAll(async () => {
  await cluster?.close();
  rmSync(folder, { recursive: true, force: true });
});

const status = (code: number, reason: string): [number, unknown] => [
  code,
  { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason, code },
];

/** As an API server answers: a token is bound only to a secret that is there, with the uid it has. */
async function answer({ method, path, headers, body }: Asked): Promise<[number, unknown?]> {
  if (headers.authorization !== `Bearer ${OURS}`) return status(401, 'Unauthorized');
  const core = '/api/v1/namespaces/shop';
  if (method === 'POST' && path === `${core}/secrets`) {
    const { metadata, ...rest } = body as { metadata: { name: string } };
    if (secrets.has(metadata.name)) return status(409, 'AlreadyExists');
    const uid = `uid-${secrets.size}`;
    secrets.set(metadata.name, uid);
    return [201, { ...rest, metadata: { ...metadata, uid, namespace: 'shop' } }];
  }
  if (method === 'POST' && path === `${core}/serviceaccounts/reader/token`) {
    const { apiVersion, kind, spec } = body as {
      apiVersion: string;
      kind: string;
      spec: {
        expirationSeconds: number;
        boundObjectRef: { apiVersion: string; kind: string; name: string; uid: string };
      };
    };
    const { boundObjectRef: bound, expirationSeconds } = spec;
    if (apiVersion !== 'authentication.k8s.io/v1' || kind !== 'TokenRequest')
      return status(400, 'BadRequest');
    if (expirationSeconds < 600) return status(422, 'Invalid');
    if (bound.apiVersion !== 'v1' || bound.kind !== 'Secret' || secrets.get(bound.name) !== bound.uid)
      return status(404, 'NotFound');
    const expirationTimestamp = new Date(Date.now() + expirationSeconds * 1000)
      .toISOString()
      .replace(/\.\d+Z/, 'Z');
    return [201, { apiVersion, kind, spec, status: { token: TOKEN, expirationTimestamp } }];
  }
  const name = path.split('/').at(-1) ?? '';
  if (method === 'DELETE' && path === `${core}/secrets/${name}`)
    return secrets.delete(name) ? [200, { kind: 'Status', status: 'Success' }] : status(404, 'NotFound');
  return status(404, 'NotFound');
}

const issuer = (more: object = {}) =>
  createKubernetesIssuer({
    ...{ server: cluster.url, certificateAuthority: authority, token: OURS },
    ...{ namespace: 'shop', serviceAccount: 'reader', ...more },
  });
const request = (handle: string) =>
  ({ handle, scope: 'read', expiresAt: Date.now() + 15 * 60_000, signal }) as const;

test('a program finds a kubeconfig whose token is bound to a secret of its own', async () => {
  const issued = await issuer().issue(request('cred-1'));
  expect(issued.secrets).toEqual([TOKEN]);
  expect(issued.env).toEqual({});
  const { name, text } = issued.files.KUBECONFIG ?? { name: '', text: '{}' };
  expect(name).toBe('kubeconfig');
  expect(JSON.parse(text)).toMatchObject({
    kind: 'Config',
    'current-context': 'gatehouse',
    clusters: [{ cluster: { server: cluster.url, 'certificate-authority-data': expect.any(String) } }],
    users: [{ user: { token: TOKEN } }],
    contexts: [{ context: { namespace: 'shop' } }],
  });
  expect([...secrets.keys()]).toEqual(['gatehouse-cred-1']);
  expect(Math.abs((issued.expiresAt ?? 0) - Date.now() - 15 * 60_000)).toBeLessThan(10_000);
});

test('with the secret the token ends, by its handle alone, twice without harm', async () => {
  await issuer().issue(request('cred-2'));
  expect(await issuer().revoke('cred-2', null, signal)).toBe('revoked');
  expect(secrets.has('gatehouse-cred-2')).toBe(false);
  expect(await issuer().revoke('cred-2', null, signal)).toBe('revoked');
});

test('a server whose certificate nobody vouches for is told nothing', async () => {
  const before = cluster.asked.length;
  await expect(issuer({ certificateAuthority: undefined }).issue(request('cred-3'))).rejects.toThrow();
  expect(cluster.asked).toHaveLength(before);
});
