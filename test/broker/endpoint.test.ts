import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brokerAddressOf, ISSUE_PATH } from '../../src/broker/broker-address';
import { makeKey } from '../../src/broker/keys';
import type { IssuedCredential } from '../../src/domain/credential';
import { createBrokerClient } from '../../src/sandbox/broker-client';
import { PROOF_HEADER, proofOf } from '../../src/sandbox/channel-proof';
import {
  type BrokerEndpoint,
  type BrokerEndpointOptions,
  startBrokerEndpoint,
} from '../../src/workers/broker-endpoint';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-endpoint-'));
const key = makeKey();
const call = { id: 'call-1', tool: 'cloud-credentials', args: '{}' };
const issued: IssuedCredential = {
  ...{
    handle: 'cred-1',
    provider: 'spy',
    account: 'a',
    role: 'r',
    scope: 'read',
    expiresAt: 1,
    callId: 'call-1',
    isForCall: false,
  },
  material: { env: {}, files: {}, secrets: [] },
};
const signal = new AbortController().signal;
let presenters: string[] = [];
let endpoints: BrokerEndpoint[] = [];
beforeEach(() => {
  presenters = [];
});
afterEach(async () => {
  for (const endpoint of endpoints) await endpoint.close();
  endpoints = [];
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function listen(text: string, more: Partial<BrokerEndpointOptions> = {}) {
  const endpoint = await startBrokerEndpoint({
    address: brokerAddressOf(text),
    broker: {
      issue: async ({ presenter }) => {
        presenters.push(presenter);
        return issued;
      },
      redeem: async () => ({ credentials: [], gone: [] }),
      release: async () => {},
    },
    log: () => {},
    ...more,
  });
  endpoints.push(endpoint);
  return endpoint.address;
}

const SOCKET = `unix:${join(folder, 'broker.sock')}`;

test('a host on the same machine asks by a socket that only our user can open', async () => {
  const address = await listen(SOCKET);
  expect(statSync(join(folder, 'broker.sock')).mode & 0o077).toBe(0);
  expect(await createBrokerClient({ address, key }).issue({ grant: 'g', call }, signal)).toEqual(issued);
  expect(presenters).toEqual([key.thumbprint]);
});

test('a proof counts once, for its request, and for a short time', async () => {
  let laterMs = 0;
  const address = await listen(SOCKET, { now: () => Date.now() + laterMs });
  if (address.kind !== 'socket') throw new TypeError('no socket');
  const body = JSON.stringify({ grant: 'g', call });
  const send = (proof: string | undefined, content = body) =>
    new Promise<number>((resolve, reject) => {
      const headers = proof === undefined ? {} : { [PROOF_HEADER]: proof };
      request({ socketPath: address.path, path: ISSUE_PATH, method: 'POST', headers }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .on('error', reject)
        .end(content);
    });
  const proof = proofOf({ method: 'POST', path: ISSUE_PATH, body }, key);
  expect(await send(proof)).toBe(200);
  expect(await send(proof)).toBe(401);
  expect(await send(undefined)).toBe(401);
  expect(await send(proofOf({ method: 'POST', path: ISSUE_PATH, body }, key), `${body} `)).toBe(401);
  expect(await send(proofOf({ method: 'POST', path: '/v1/reads', body }, key))).toBe(401);
  const old = proofOf({ method: 'POST', path: ISSUE_PATH, body }, key);
  laterMs = 31_000;
  expect(await send(old)).toBe(401);
  expect(presenters).toHaveLength(1);
});

test('between hosts both ends show certificates', async () => {
  const tls = certificates();
  const bound = await listen('https://127.0.0.1:0', { tls });
  expect(await createBrokerClient({ address: bound, tls, key }).issue({ grant: 'g', call }, signal)).toEqual(
    issued,
  );
  const stranger = certificates();
  for (const wrong of [stranger, { ...stranger, authority: tls.authority }])
    await expect(
      createBrokerClient({ address: bound, tls: wrong, key }).issue({ grant: 'g', call }, signal),
    ).rejects.toMatchObject({ code: 'broker-unavailable' });
  expect(presenters).toHaveLength(1);
  await expect(listen('https://127.0.0.1:0')).rejects.toMatchObject({ code: 'broker-tls-missing' });
});

test('secrets leave the machine by TLS only', () => {
  for (const address of [
    'http://10.0.0.7:7444',
    'http://localhost:7444',
    'broker:7444',
    'ftp://x',
    'https://h/x',
  ])
    expect(() => brokerAddressOf(address)).toThrow(/^the address of the broker /);
});

test('a socket that another broker answers on is not taken over', async () => {
  await listen(SOCKET);
  await expect(listen(SOCKET)).rejects.toMatchObject({ code: 'broker-in-use' });
});

test('without a broker there the host says so', async () => {
  const address = brokerAddressOf(`unix:${join(folder, 'nobody.sock')}`);
  await expect(createBrokerClient({ address, key }).redeem({ grant: 'g' }, signal)).rejects.toMatchObject({
    code: 'broker-unavailable',
  });
});

let made = 0;

/** One certificate for 127.0.0.1, which is its own authority. */
function certificates() {
  const name = join(folder, `tls-${++made}`);
  execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1']
      .concat(['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'])
      .concat(['-keyout', `${name}.key`, '-out', `${name}.crt`]),
    { stdio: 'ignore' },
  );
  return { certificate: `${name}.crt`, key: `${name}.key`, authority: `${name}.crt` };
}
