import { join } from 'node:path';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { createPayloadCodec } from '../../src/codec/payload-codec';
import { readPayloadKeys } from '../../src/codec/payload-keys';
import type { Scope } from '../../src/domain/scopes';
import { createSessions } from '../../src/identity/sessions';
import { createSessionStore } from '../../src/store/session-store';
import { type ApiFixture, openApiFixture } from '../api/fixture';
import { type CodecServer, startCodecServer } from '../support/codec-server';
import { type Harness, startHarness } from '../support/run-harness';
import type { TestRun } from '../support/test-run';

const UI = new URL('http://127.0.0.1:8233');
const PROMPT = 'zebraprompt';

let gatehouse: Harness;
let http: ApiFixture;
let codec: CodecServer;
let run: TestRun;
/** The input of the run, as Temporal keeps it. */
let kept: Payload;
let api: URL;

beforeAll(async () => {
  gatehouse = await startHarness({ isEncrypted: true });
  const payloadKeys = join(gatehouse.folder, 'payload-keys.json');
  http = await openApiFixture(gatehouse, { environment: { GATEHOUSE_PAYLOAD_KEYS: payloadKeys } });
  api = (await http.serve()).url;
  codec = await startCodecServer({ folder: gatehouse.folder, payloadKeys, api, temporalUi: UI });
  run = await startedRun('local');
  const { events } = await run.handle.fetchHistory();
  kept = events![0]!.workflowExecutionStartedEventAttributes!.input!.payloads![0]!;
});
afterAll(async () => {
  await codec?.close();
  await http?.close();
  await gatehouse?.close();
});

async function startedRun(organizationId: string): Promise<TestRun> {
  const turns = [{ say: 'nothing to do', calls: [] }];
  const agent = await gatehouse.agent({ tier: 'OBSERVE' }, turns, organizationId);
  const started = await gatehouse.start({ agent, prompt: PROMPT, organizationId });
  await started.outcome();
  return started;
}

const asJson = ({ metadata, data }: Payload) => ({
  metadata: Object.fromEntries(
    Object.entries(metadata!).map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')]),
  ),
  data: Buffer.from(data!).toString('base64'),
});

type Shown = Record<string, string>;
const bearer = (key: string): Shown => ({ authorization: `Bearer ${key}` });
const cookie = (token: string): Shown => ({
  cookie: `gatehouse-session-${api.port}=${token}`,
  origin: UI.origin,
});

/** @returns what was decoded, or why not */
async function decode(shown: Shown, payload: Payload = kept): Promise<string> {
  const answer = await fetch(`${codec.origin}/decode`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...shown },
    body: JSON.stringify({ payloads: [asJson(payload)] }),
  });
  const said = await answer.json();
  return answer.ok
    ? Buffer.from(said.payloads[0].data, 'base64').toString()
    : `${answer.status} ${said.code ?? said.message}`;
}

const sessions = () => createSessions(createSessionStore(gatehouse.database));

/** As the console begins one, with a key of these scopes. */
async function loggedIn(scopes: Scope[] = ['admin'], person = 'ada') {
  const key = await http.keyOf({ person, scopes });
  const caller = await http.opened.dependencies.authenticate(key);
  const { token } = await sessions().begin(caller);
  return { token, key, keyId: caller.apiKeyId! };
}

test('a key and a session of the console read what runs of their organization said', async () => {
  const { token, key } = await loggedIn(['runs:read']);
  expect(await decode(bearer(key))).toContain(PROMPT);
  expect(await decode(cookie(token))).toContain(PROMPT);
});

test('who logged out reads no more, at once', async () => {
  const { token } = await loggedIn();
  expect(await decode(cookie(token))).toContain(PROMPT);
  await sessions().end(token);
  expect(await decode(cookie(token))).toBe('401 credentials-expired');
});

test('a key that was revoked reads no more, nor does who logged in with it, also in the console', async () => {
  const { token, key, keyId } = await loggedIn();
  await http.json(`/v1/keys/${keyId}`, 200, { method: 'DELETE' });
  expect(await decode(bearer(key))).toBe('401 credentials-invalid');
  expect(await decode(cookie(token))).toBe('401 credentials-expired');
  const pages = http.opened.consoleAt(api.origin);
  const inbox = await pages.fetch(
    new Request(`${api.origin}/console`, { headers: { host: api.host, ...cookie(token) } }),
    {},
  );
  expect(inbox.headers.get('location')).toContain('/console/login');
});

test('a session ends with the key it was begun with, however long it would last itself', async () => {
  const key = await http.keyOf({ expiresAt: Date.now() + 60_000 });
  const { token } = await sessions().begin(await http.opened.dependencies.authenticate(key));
  expect(await decode(cookie(token))).toContain(PROMPT);
  const later = createSessions(createSessionStore(gatehouse.database, () => Date.now() + 61_000));
  expect(await later.callerOf(token)).toBeNull();
});

test('a person who was disabled reads no more', async () => {
  await http.json('/v1/people/bo', 200, { method: 'PUT', body: { roles: ['admin'] } });
  const { token, key } = await loggedIn(['admin'], 'bo');
  expect(await decode(cookie(token))).toContain(PROMPT);
  await http.json('/v1/people/bo', 200, { method: 'DELETE' });
  expect(await decode(bearer(key))).toBe('401 credentials-invalid');
  expect(await decode(cookie(token))).toBe('401 credentials-expired');
});

test('whose role does not allow to read runs is told so', async () => {
  const { token, key } = await loggedIn(['agents:read', 'policies:write']);
  expect(await decode(bearer(key))).toBe('403 scope-missing');
  expect(await decode(cookie(token))).toBe('403 scope-missing');
});

test('a session is no bearer, counts without a page for nothing, and opens no route of the API', async () => {
  const { token } = await loggedIn();
  expect(await decode(bearer(token))).toBe('401 credentials-invalid');
  const { origin: _origin, ...alone } = cookie(token);
  expect(await decode(alone)).toMatch(/^401 log in to the console/);
  const headers = { 'gatehouse-session': token, ...cookie(token) };
  expect((await http.ask('/v1/runs', { key: null, headers })).status).toBe(401);
});

describe('with another organization', () => {
  let others: TestRun;
  beforeAll(async () => {
    await gatehouse.organizations.create({ id: 'acme', name: 'Acme', signatures: 'OPTIONAL' });
    others = await startedRun('acme');
  });

  test('each reads its own runs, and neither those of the other', async () => {
    const { events } = await others.handle.fetchHistory();
    const theirs = events![0]!.workflowExecutionStartedEventAttributes!.input!.payloads![0]!;
    const key = await http.keyOf({ organization: 'acme', person: 'eve' });
    expect(await decode(bearer(key), theirs)).toContain(PROMPT);
    expect(await decode(bearer(key))).toBe('404 run-unknown');
    expect(await decode(bearer(http.key), theirs)).toBe('404 run-unknown');
  });

  test('every payload of a run says of which it is: inputs, results, updates, failures, markers', async () => {
    const opener = createPayloadCodec(readPayloadKeys(join(gatehouse.folder, 'payload-keys.json')));
    const history = await run.handle.fetchHistory();
    const found: Payload[] = [];
    const look = (value: unknown): void => {
      if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return;
      const { metadata, data } = value as Payload;
      if (metadata?.encoding && data) found.push(value as Payload);
      else for (const each of Object.values(value)) look(each);
    };
    look(
      JSON.parse(JSON.stringify(history, (_key, each) => (each instanceof Uint8Array ? each : each))) &&
        history,
    );
    const encrypted = opener.open(found).filter(({ of }) => of.kind !== 'clear');
    expect(encrypted.length).toBeGreaterThan(5);
    for (const { of } of encrypted) expect(of).toEqual({ kind: 'workflow', id: `run-${run.runId}` });
  });

  test('what does not say of which run it is, is read by neither', async () => {
    const opener = createPayloadCodec(readPayloadKeys(join(gatehouse.folder, 'payload-keys.json')));
    const [unknown] = await opener.encode([defaultPayloadConverter.toPayload(PROMPT)!]);
    expect(await decode(bearer(http.key), unknown)).toBe('403 history-unknown');
  });
});

test('that somebody read a history is in the audit, once a day for each run', async () => {
  const { key } = await loggedIn(['runs:read'], 'reader');
  for (const _time of [1, 2, 3]) await decode(bearer(key));
  const rows = await gatehouse.database.client.organizationAuditRecord.findMany({
    where: { organizationId: 'local', kind: 'history-read', body: { contains: '"reader"' } },
  });
  expect(rows.map(({ body }) => JSON.parse(body))).toEqual([
    { run: run.runId, by: 'reader', proof: 'api-key' },
  ]);
});

test('nonsense is refused, and the server goes on', async () => {
  const say = async (headers: Shown, body: BodyInit) =>
    (await fetch(`${codec.origin}/decode`, { method: 'POST', headers, body })).status;
  const key = bearer(http.key);
  expect(await say(key, '')).toBe(400);
  expect(await say(key, '{"payloads":[{"data":1}]}')).toBe(400);
  expect(await say(key, 'x'.repeat(17 * 1024 * 1024))).toBe(413);
  expect(await say({}, 'x'.repeat(17 * 1024 * 1024))).toBe(401);
  const data = Buffer.from(kept.data!);
  data[20]! ^= 1;
  expect(await decode(key, { ...kept, data })).toBe('400 payload-damaged');
  const metadata = { ...kept.metadata!, 'encryption-key-id': Buffer.from('2020-01-01-old') };
  expect(await decode(key, { ...kept, metadata })).toBe('400 payload-key-unknown');
  expect((await fetch(codec.origin, { headers: { host: 'rebound.example' } })).status).toBeLessThan(500);
  expect(await decode(key)).toContain(PROMPT);
  expect(codec.complaints()).toBe('');
});

test('without the API nobody reads anything, and a codec server that was killed is started again as it was', async () => {
  const payloadKeys = join(gatehouse.folder, 'payload-keys.json');
  const alone = await startCodecServer({
    ...{ folder: join(gatehouse.folder, 'keys'), payloadKeys, temporalUi: UI },
    api: new URL('http://127.0.0.1:9'),
  });
  const ask = () =>
    fetch(`${alone.origin}/decode`, { method: 'POST', headers: bearer(http.key), body: '{}' });
  const answer = await ask();
  expect([answer.status, (await answer.json()).code]).toEqual([503, 'api-unreachable']);
  await alone.close();

  const { token } = await loggedIn();
  codec.process.kill('SIGKILL');
  await codec.close();
  codec = await startCodecServer({ folder: gatehouse.folder, payloadKeys, api, temporalUi: UI });
  expect(await decode(cookie(token))).toContain(PROMPT);
});
