import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import { makeKey, type SigningKey } from '../../src/broker/keys';
import type { CanonicalCall } from '../../src/domain/call';
import { canonicalJson } from '../../src/domain/canonical-json';
import { createChannelClient, READS_PATH } from '../../src/sandbox/channel-client';
import { PROOF_HEADER, proofOf } from '../../src/sandbox/channel-proof';
import { type ChannelServer, startChannelServer } from '../../src/sandbox/channel-server';
import { type Host, openHost } from './support/host';

let host: Host;
let server: ChannelServer;
let socketPath: string;
const never = new AbortController().signal;

beforeAll(async () => {
  host = openHost();
  await host.prepare();
  socketPath = join(host.folder, 'run', 'channel.sock');
  server = await startChannelServer({ socketPath, executor: host.executor, maxBodyBytes: 100_000 });
});
afterAll(async () => {
  await server.close();
  host.close();
});

const call: CanonicalCall = { id: 'r1', tool: 'read-file', args: canonicalJson({ path: 'main.tf' }) };
const read = { ...call, effect: 'read' as const };

test('the runner has granted reads executed, on one connection', async () => {
  const client = clientOf(host.runner);
  try {
    for (const id of ['a', 'b']) {
      const own = { ...read, id };
      const outcomes = await client.read(
        { grant: await host.grant([own], { aud: 'channel' }), calls: [{ ...call, id }] },
        never,
      );
      expect(outcomes).toMatchObject([
        { kind: 'done', callId: id, text: expect.stringContaining('null_resource') },
      ]);
    }
  } finally {
    client.close();
  }
});

test('the socket is its owner’s only', () => {
  expect(statSync(socketPath).mode & 0o777).toBe(0o600);
  expect(statSync(join(socketPath, '..')).mode & 0o777).toBe(0o700);
});

test('a grant found in history is useless without the key it is bound to', async () => {
  const grant = await host.grant([read], { aud: 'channel' });
  await refused(clientOf(makeKey()).read({ grant, calls: [call] }, never), 'grant-wrong-presenter');
});

test('a grant for an activity is none for the channel', async () => {
  const grant = await host.grant([read], { cnf: { jkt: host.runner.thumbprint } });
  await refused(clientOf(host.runner).read({ grant, calls: [call] }, never), 'grant-wrong-audience');
});

test('a call with an effect does not pass the channel, whatever its grant says', async () => {
  const write = { id: 'w', tool: 'write-file', args: canonicalJson({ path: 'x', content: 'x' }) };
  const grant = await host.grant([{ ...write, effect: 'draft' }], { aud: 'channel' });
  await refused(clientOf(host.runner).read({ grant, calls: [write] }, never), 'grant-wrong-audience');
});

test('an expired grant is told as such, so that the run gates again', async () => {
  const iat = Math.floor(Date.now() / 1000) - 400;
  const grant = await host.grant([{ ...read, id: 'late' }], { aud: 'channel', iat, exp: iat + 300 });
  await refused(
    clientOf(host.runner).read({ grant, calls: [{ ...call, id: 'late' }] }, never),
    'grant-expired',
  );
});

describe('a proof', () => {
  const body = JSON.stringify({ grant: 'x', calls: [call] });
  const prove = (changes: object, key = host.runner, now = Date.now()) =>
    proofOf({ method: 'POST', path: READS_PATH, body, ...changes }, key, now);

  test('is asked for', async () => {
    expect(await post(body, undefined)).toMatchObject({ status: 401, code: 'proof-invalid' });
    expect(await post(body, 'nonsense')).toMatchObject({ status: 401, code: 'proof-invalid' });
  });

  test('of another body, method or path does not count', async () => {
    for (const change of [{ body: `${body} ` }, { method: 'GET' }, { path: '/v1/other' }])
      expect(await post(body, prove(change))).toMatchObject({ code: 'proof-invalid' });
  });

  test('counts once', async () => {
    const proof = prove({});
    expect(await post(body, proof)).toMatchObject({ code: 'grant-invalid' });
    expect(await post(body, proof)).toMatchObject({ code: 'proof-invalid' });
  });

  test('counts for half a minute', async () => {
    expect(await post(body, prove({}, host.runner, Date.now() - 31_000))).toMatchObject({
      code: 'proof-invalid',
    });
    expect(await post(body, prove({}, host.runner, Date.now() + 31_000))).toMatchObject({
      code: 'proof-invalid',
    });
  });

  test('signed with another key than it shows does not count', async () => {
    const [header, claims] = prove({}).split('.');
    const [, , signature] = prove({}, makeKey()).split('.');
    expect(await post(body, `${header}.${claims}.${signature}`)).toMatchObject({ code: 'proof-invalid' });
  });
});

test('a request that is too large or cannot be read is refused', async () => {
  const large = JSON.stringify({ grant: 'x'.repeat(200_000), calls: [call] });
  expect(await post(large, proofFor(large))).toMatchObject({ status: 413, code: 'request-too-large' });
  for (const body of ['', 'nonsense', '{"grant":"x"}', '{"grant":"x","calls":[],"more":1}'])
    expect(await post(body, proofFor(body))).toMatchObject({ status: 400, code: 'request-malformed' });
});

test('a host that is away, and one that answers nonsense, are unavailable', async () => {
  const away = createChannelClient({ socketPath: join(host.folder, 'nobody.sock'), runnerKey: host.runner });
  await refused(away.read({ grant: 'x', calls: [call] }, never), 'channel-unavailable');
  const path = join(host.folder, 'nonsense.sock');
  const nonsense = createServer((_, response) => response.end('{"outcomes": []}'));
  await new Promise<void>((resolve) => nonsense.listen(path, resolve));
  const client = createChannelClient({ socketPath: path, runnerKey: host.runner });
  await refused(client.read({ grant: 'x', calls: [call] }, never), 'channel-unavailable');
  client.close();
  await new Promise((resolve) => nonsense.close(resolve));
});

test('a connection that the host closed meanwhile is no failure', async () => {
  const path = join(host.folder, 'restarting.sock');
  const start = () => startChannelServer({ socketPath: path, executor: host.executor });
  const client = createChannelClient({ socketPath: path, runnerKey: host.runner });
  for (const id of ['before', 'after']) {
    const running = await start();
    const grant = await host.grant([{ ...read, id }], { aud: 'channel' });
    expect(await client.read({ grant, calls: [{ ...call, id }] }, never)).toHaveLength(1);
    await running.close();
  }
  client.close();
});

test('a stopped runner stops its reads', async () => {
  const stop = new AbortController();
  const slow = { id: 'slow', tool: 'script', args: canonicalJson({ script: 'sleep 20' }) };
  const grant = await host.grant([{ ...slow, effect: 'read' }], { aud: 'channel' });
  const reading = clientOf(host.runner).read({ grant, calls: [slow] }, stop.signal);
  setTimeout(() => stop.abort(new Error('stopped')), 100);
  await expect(reading).rejects.toThrow('stopped');
});

test('the socket of a dead process is taken over, that of a live one is not', async () => {
  await refused(startChannelServer({ socketPath, executor: host.executor }), 'channel-in-use');
  const stale = join(host.folder, 'stale', 'channel.sock');
  mkdirSync(join(stale, '..'));
  writeFileSync(stale, '');
  await (await startChannelServer({ socketPath: stale, executor: host.executor })).close();
  const long = join(host.folder, 'x'.repeat(120));
  await refused(startChannelServer({ socketPath: long, executor: host.executor }), 'channel-address-invalid');
});

function clientOf(runnerKey: SigningKey) {
  return createChannelClient({ socketPath, runnerKey });
}

function proofFor(body: string): string {
  return proofOf({ method: 'POST', path: READS_PATH, body }, host.runner);
}

async function refused(action: Promise<unknown>, code: string): Promise<void> {
  await expect(action).rejects.toMatchObject({ code });
}

function post(body: string, proof: string | undefined): Promise<{ status?: number; code: string }> {
  return new Promise((resolve, reject) => {
    const headers = proof === undefined ? {} : { [PROOF_HEADER]: proof };
    const sent = request({ socketPath, path: READS_PATH, method: 'POST', headers }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode, code: JSON.parse(text).error.code }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
