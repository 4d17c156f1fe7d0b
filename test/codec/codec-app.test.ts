import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultPayloadConverter } from '@temporalio/common';
import { createCodecApp } from '../../src/codec/codec-app';
import { type Admit, DecodingRefusedError } from '../../src/codec/decoding-question';
import { createPayloadCodec } from '../../src/codec/payload-codec';
import { ensurePayloadKeys, readPayloadKeys } from '../../src/codec/payload-keys';

const UI = 'http://127.0.0.1:8233';
const KEY = 'gatehouse_a-key-of-many-letters';
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-codec-app-'));
const codec = createPayloadCodec(readPayloadKeys(ensurePayloadKeys(join(folder, 'keys.json'))));
const SESSION = 's'.repeat(43);
/** As the API answers: test/api/decoding.test.ts asks it itself. */
const admit: Admit = async ({ token }, wanted) => {
  if (token !== KEY && token !== SESSION)
    throw new DecodingRefusedError(401, 'credentials-invalid', 'there is no such API key');
  if (wanted.workflows.includes('run-of-others'))
    throw new DecodingRefusedError(404, 'run-unknown', 'there is no run `of-others`');
  if (wanted.hasUnknown && wanted.workflows.length > 0)
    throw new DecodingRefusedError(403, 'history-unknown', 'of which run it is nobody knows');
  return { person: 'alice', organization: 'local' };
};
const app = createCodecApp({ codec, admit, sessionCookie: 'gatehouse-session-8080', uiOrigin: UI });
const bearer = { Authorization: `Bearer ${KEY}` };
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ask = (path: string, body: unknown, headers: Record<string, string> = bearer) =>
  app.request(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
const base64 = (text: string) => Buffer.from(text).toString('base64');
const plain = { metadata: { encoding: base64('json/plain') }, data: base64('{"prompt":"look"}') };

test('what was encoded is decoded, in the form that Temporal’s CLI and UI speak', async () => {
  const encoded = await (await ask('/encode', { payloads: [plain] })).json();
  expect(encoded.payloads[0].metadata.encoding).toBe(base64('binary/encrypted'));
  expect(JSON.stringify(encoded)).not.toContain(plain.data);
  const decoded = await ask('/decode', encoded);
  expect(decoded.status).toBe(200);
  expect(await decoded.json()).toEqual({ payloads: [plain] });
});

test('what a worker encrypted is decoded, beside what was never encrypted', async () => {
  const [own] = await codec.encode([defaultPayloadConverter.toPayload('from a worker')!]);
  const asJson = {
    metadata: Object.fromEntries(
      Object.entries(own!.metadata!).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
    ),
    data: Buffer.from(own!.data!).toString('base64'),
  };
  const { payloads } = await (await ask('/decode', { payloads: [asJson, plain] })).json();
  expect(Buffer.from(payloads[0].data, 'base64').toString()).toBe('"from a worker"');
  expect(payloads[1]).toEqual(plain);
});

test.each([
  ['{}'],
  ['{"payloads":null}'],
  ['{"payloads":[]}'],
])('%s is answered with no payloads', async (body) => {
  const answer = await ask('/decode', body);
  expect(answer.status).toBe(200);
  expect(await answer.text()).toBe('{"payloads":[]}');
});

test.each([
  ['', 'nothing'],
  ['[1]', 'a list'],
  ['{"payloads":[{"data":"%%"}]}', 'no base64'],
])('%s (%s) is refused', async (body) => {
  expect((await ask('/decode', body)).status).toBe(400);
});

test('a payload of an unknown key is refused by name', async () => {
  const payload = {
    metadata: { encoding: base64('binary/encrypted'), 'encryption-key-id': base64('2020-01-01-old') },
    data: base64('x'.repeat(60)),
  };
  const answer = await ask('/decode', { payloads: [payload] });
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({
    code: 'payload-key-unknown',
    message: expect.stringContaining('`2020-01-01-old`'),
  });
  const stranger = await ask('/decode', { payloads: [payload] }, { Authorization: 'Bearer other' });
  expect([stranger.status, (await stranger.json()).code]).toEqual([401, 'credentials-invalid']);
});

test('too large a body is refused before it is read', async () => {
  expect((await ask('/decode', `"${'x'.repeat(17 * 1024 * 1024)}"`)).status).toBe(413);
});

test.each([
  ['nothing', {}],
  ['another key', { Authorization: 'Bearer other' }],
  ['the key without its word', { Authorization: KEY }],
  ['a session of nobody', { Cookie: 'gatehouse-session-8080=made-up', Origin: UI }],
])('who shows %s is asked to sign in', async (_what, headers: Record<string, string>) => {
  for (const path of ['/decode', '/encode']) {
    const answer = await ask(path, { payloads: [plain] }, headers);
    expect(answer.status).toBe(401);
    expect(await answer.text()).not.toContain(plain.data);
  }
});

test('pages of the Temporal UI may ask with the caller’s cookie, preflight first', async () => {
  const preflight = await app.request('/decode', {
    method: 'OPTIONS',
    headers: {
      Origin: UI,
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'content-type,x-namespace',
    },
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get('Access-Control-Allow-Origin')).toBe(UI);
  expect(preflight.headers.get('Access-Control-Allow-Credentials')).toBe('true');
  expect(preflight.headers.get('Access-Control-Allow-Headers')?.toLowerCase()).toContain('x-namespace');
  const answer = await ask('/decode', {}, { ...bearer, Origin: UI });
  expect(answer.headers.get('Access-Control-Allow-Origin')).toBe(UI);
  // Even a refusal is readable there, so that the UI can say why.
  expect((await ask('/decode', {}, { Origin: UI })).headers.get('Access-Control-Allow-Origin')).toBe(UI);
});

test.each([
  'http://127.0.0.1:8234',
  'https://127.0.0.1:8233',
  'http://evil.example',
  'null',
])('pages of %s may not ask', async (origin) => {
  const preflight = await app.request('/decode', {
    method: 'OPTIONS',
    headers: { Origin: origin, 'Access-Control-Request-Method': 'POST' },
  });
  expect(preflight.headers.get('Access-Control-Allow-Origin')).toBeNull();
  expect((await ask('/decode', { payloads: [plain] }, { ...bearer, Origin: origin })).status).toBe(403);
});

test('a page of the Temporal UI may ask with the session of the console, and nobody without a page', async () => {
  const Cookie = `theme=dark; gatehouse-session-8080=${SESSION}`;
  const asked = (headers: Record<string, string>) => ask('/decode', { payloads: [plain] }, headers);
  expect((await asked({ Cookie, Origin: UI })).status).toBe(200);
  expect((await asked({ Cookie, Origin: 'http://evil.example' })).status).toBe(403);
  // As a browser asks for an image or follows a link.
  expect((await asked({ Cookie })).status).toBe(401);
  expect((await asked({ Cookie: `gatehouse-session-8081=${SESSION}`, Origin: UI })).status).toBe(401);
});

const kept = async (value: unknown, workflowId?: string) => {
  const context = workflowId && { type: 'workflow' as const, namespace: 'default', workflowId };
  const [payload] = await codec.encode([defaultPayloadConverter.toPayload(value)!], context || undefined);
  return {
    metadata: Object.fromEntries(
      Object.entries(payload!.metadata!).map(([name, bytes]) => [
        name,
        Buffer.from(bytes).toString('base64'),
      ]),
    ),
    data: Buffer.from(payload!.data!).toString('base64'),
  };
};

test('what a run of others said is refused, also among what is one’s own', async () => {
  const [own, others] = [await kept('ours', 'run-1'), await kept('theirs', 'run-of-others')];
  expect((await ask('/decode', { payloads: [own] })).status).toBe(200);
  const answer = await ask('/decode', { payloads: [own, others] });
  expect(answer.status).toBe(404);
  const text = await answer.text();
  expect(JSON.parse(text)).toEqual({ message: 'there is no run `of-others`', code: 'run-unknown' });
  expect(text).not.toContain(base64('"ours"'));
  const unknown = await kept('whose');
  expect((await ask('/decode', { payloads: [unknown] })).status).toBe(200);
  expect((await ask('/decode', { payloads: [own, unknown] })).status).toBe(403);
});

test('what is asked to be encoded cannot be said to be of a run', async () => {
  const claiming = { ...plain, metadata: { ...plain.metadata, 'gatehouse-workflow': base64('run-1') } };
  const { payloads } = await (await ask('/encode', { payloads: [claiming] })).json();
  const [opened] = codec.open(
    payloads.map(({ metadata, data }: typeof plain) => ({
      metadata: Object.fromEntries(
        Object.entries(metadata).map(([name, text]) => [name, Buffer.from(text, 'base64')]),
      ),
      data: Buffer.from(data, 'base64'),
    })),
  );
  expect(opened!.of).toEqual({ kind: 'unknown' });
});
