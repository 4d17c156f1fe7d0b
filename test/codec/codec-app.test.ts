import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultPayloadConverter } from '@temporalio/common';
import { createCodecApp } from '../../src/codec/codec-app';
import { createPayloadCodec } from '../../src/codec/payload-codec';
import { ensurePayloadKeys, readPayloadKeys } from '../../src/codec/payload-keys';
import { createSignIn } from '../../src/codec/sign-in';

const UI = 'http://127.0.0.1:8233';
const KEY = 'gatehouse_a-key-of-many-letters';
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-codec-app-'));
const codec = createPayloadCodec(readPayloadKeys(ensurePayloadKeys(join(folder, 'keys.json'))));
const signIn = createSignIn({ key: KEY, address: new URL('http://127.0.0.1:9000') });
const app = createCodecApp({ codec, authenticate: signIn.authenticate, uiOrigin: UI });
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
});

test('too large a body is refused before it is read', async () => {
  expect((await ask('/decode', `"${'x'.repeat(33 * 1024 * 1024)}"`)).status).toBe(413);
});

test.each([
  ['nothing', {}],
  ['another key', { Authorization: 'Bearer other' }],
  ['the key without its word', { Authorization: KEY }],
  ['a cookie of nobody', { Cookie: 'gatehouse-codec-9000=made-up' }],
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

test('a browser that signed in with the key is known by its cookie, for half a day', async () => {
  const post = (key: string) =>
    signIn.app.request('/sign-in', {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ key }).toString(),
    });
  expect((await post('other')).status).toBe(401);
  const answer = await post(` ${KEY}\n`);
  expect(answer.status).toBe(303);
  const cookie = answer.headers.get('Set-Cookie')!;
  expect(cookie).toMatch(/^gatehouse-codec-9000=[\w-]{43}; /);
  expect(cookie).toMatch(/HttpOnly/);
  expect(cookie).toMatch(/SameSite=Strict/);
  expect(cookie).not.toContain(KEY);
  const signedIn = { Cookie: `theme=dark; ${cookie.split(';')[0]}` };
  expect((await ask('/decode', {}, signedIn)).status).toBe(200);
  expect(await (await signIn.app.request('/', { headers: signedIn })).text()).toContain(
    'http://127.0.0.1:9000',
  );
  const later = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 12 * 60 * 60 * 1_000 + 1);
  expect((await ask('/decode', {}, signedIn)).status).toBe(401);
  later.mockRestore();
});
