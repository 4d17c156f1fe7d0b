import { OpenAPIHono } from '@hono/zod-openapi';
import { scopesOfRoutes } from '../../src/api/api-route';
import type { ApiEnvironment } from '../../src/api/environment';
import { ROLE_SCOPES, scopes } from '../../src/domain/scopes';
import { makeApiKey } from '../../src/identity/api-keys';
import { type Harness, startHarness } from '../support/run-harness';
import { type DescribedRoute, describedRoutes } from './described-routes';
import { type ApiFixture, openApiFixture } from './fixture';
import { type KnownThings, knownBody, knownPath, MARK, makeKnownThings } from './known-run';

const OTHER = 'other';

let gatehouse: Harness;
let http: ApiFixture;
let things: KnownThings;
let routes: DescribedRoute[];
beforeAll(async () => {
  gatehouse = await startHarness();
  http = await openApiFixture(gatehouse);
  things = await makeKnownThings(gatehouse, http);
  ({ routes } = await describedRoutes(http.api));
  await gatehouse.organizations.create({ id: OTHER, name: 'Other' });
});
afterAll(async () => {
  await http.close();
  await gatehouse.close();
});

/** What every route answers to this bearer; streams are let go at once. */
async function answersTo(
  key: string | null,
  asked = routes,
): Promise<{ title: string; status: number; text: string }[]> {
  const answers: { title: string; status: number; text: string }[] = [];
  for (const { title, method, path, body } of asked) {
    const answer = await http.ask(knownPath(path, things), {
      method,
      key,
      ...(body === null ? {} : { body: knownBody(title, things) }),
    });
    const isStream = answer.headers.get('content-type')?.startsWith('text/event-stream') ?? false;
    if (isStream) await answer.body?.cancel();
    answers.push({ title, status: answer.status, text: isStream ? '' : await answer.text() });
  }
  return answers;
}

/** Each route with this status, so that a failure names those that differ. */
const everyRoute = (status: number) => routes.map(({ title }) => [title, status]);
const statuses = (answers: Awaited<ReturnType<typeof answersTo>>) =>
  answers.map(({ title, status }) => [title, status]);

test('the document has every route, each with a scope, a summary, a tag and its security', async () => {
  expect(routes.length).toBeGreaterThanOrEqual(55);
  // biome-ignore lint/suspicious/noExplicitAny: the document is what is tested
  const document: any = await (await http.api.request('/openapi.json')).json();
  expect(document.openapi).toBe('3.1.0');
  for (const operations of Object.values<Record<string, unknown>>(document.paths))
    for (const operation of Object.values(operations))
      expect(operation).toMatchObject({
        summary: expect.any(String),
        tags: [expect.any(String)],
        security: [{ bearer: [expect.any(String)] }],
        'x-gatehouse-scope': expect.any(String),
      });
  for (const { title, scope } of routes)
    expect([title, scopes]).toEqual([title, expect.arrayContaining([scope])]);
});

test('no route answers without a key', async () => {
  const answers = await answersTo(null);
  expect(statuses(answers)).toEqual(everyRoute(401));
  for (const { text } of answers) expect(JSON.parse(text)).toMatchObject({ code: 'credentials-missing' });
});

test.each([
  ['a key of another form', 'gatehouse_short'],
  ['a key that nobody made', makeApiKey().key],
  ['a text that is no key', 'hunter2'],
  ['a token of a provider that is not configured', 'eyJhbGciOiJub25lIn0.e30.'],
])('no route answers to %s', async (_what, key) => {
  expect(statuses(await answersTo(key))).toEqual(everyRoute(401));
});

test('no route answers to a key that was revoked, has expired, or whose person was disabled', async () => {
  const { key, apiKey } = await http.json('/v1/keys', 201, {
    body: { name: 'short', person: 'shorty', roles: [], scopes: ['admin'] },
  });
  expect((await http.ask('/v1/runs', { key })).status).toBe(200);
  await http.json(`/v1/keys/${apiKey.id}`, 200, { method: 'DELETE' });
  expect(statuses(await answersTo(key))).toEqual(everyRoute(401));

  const expired = await http.keyOf({ expiresAt: Date.now() - 1 });
  const answers = await answersTo(expired);
  expect(statuses(answers)).toEqual(everyRoute(401));
  for (const { text } of answers) expect(JSON.parse(text)).toMatchObject({ code: 'credentials-expired' });

  await http.json('/v1/people/dora', 200, { method: 'PUT', body: { roles: ['admin'] } });
  const doras = await http.keyOf({ person: 'dora' });
  expect((await http.ask('/v1/runs', { key: doras })).status).toBe(200);
  await http.json('/v1/people/dora', 200, { method: 'DELETE' });
  expect(statuses(await answersTo(doras))).toEqual(everyRoute(401));
});

test('no route answers to a key with every scope but its own', async () => {
  for (const scope of new Set(routes.map((route) => route.scope))) {
    const key = await http.keyOf({ scopes: scopes.filter((each) => each !== scope && each !== 'admin') });
    const own = routes.filter((route) => route.scope === scope);
    for (const { title, status, text } of await answersTo(key, own)) {
      expect([title, status]).toEqual([title, 403]);
      expect(text).not.toContain(MARK);
    }
  }
});

test('an admin of another organization sees and changes nothing, whatever ids they name', async () => {
  const foreign = await http.keyOf({ organization: OTHER, person: 'mallory' });
  const before = await http.json(`/v1/runs/${things.run.runId}`, 200);
  // What they make of their own by a name of ours comes last, or it would be found.
  const making = (route: DescribedRoute) => route.method === 'PUT';
  const asked = [...routes.filter((route) => !making(route)), ...routes.filter(making)];
  for (const { title, status, text } of await answersTo(foreign, asked)) {
    const isNamed = title.includes('{') && !title.startsWith('PUT');
    if (isNamed || title === 'POST /v1/runs') expect([title, status]).toEqual([title, 404]);
    // What was named by the caller themselves may be said back to them.
    const said = [things.agent, things.person, things.policy].reduce(
      (rest, name) => rest.replaceAll(name, ''),
      text,
    );
    expect([title, said]).toEqual([title, expect.not.stringContaining(MARK)]);
    expect([title, text]).toEqual([title, expect.not.stringContaining(things.actionHash)]);
  }
  expect(await http.json(`/v1/runs/${things.run.runId}`, 200)).toEqual({
    ...before,
    usage: expect.anything(),
  });
  expect(await http.json(`/v1/approvals/${things.approvalId}`, 200)).toMatchObject({
    status: 'pending',
    votes: [],
  });
  expect(await http.json(`/v1/agents/${things.agent}`, 200)).toMatchObject({
    definition: { systemPrompt: MARK },
  });
  expect(await http.json('/v1/halts', 200)).toEqual({ organization: null, agents: [] });
  expect((await http.json('/v1/webhooks', 200)).webhooks).toMatchObject([{ id: things.webhookId }]);
  expect((await http.json('/v1/break-glass', 200)).breakGlass).toMatchObject([
    { id: things.breakGlassId, status: 'requested' },
  ]);
  expect(await http.json(`/v1/people/${things.person}`, 200)).toMatchObject({
    roles: ['approver'],
    isDisabled: false,
  });
});

test('an approver decides and cannot start runs; a service starts runs and cannot decide', async () => {
  const approver = await http.keyOf({
    person: 'alice',
    scopes: [...ROLE_SCOPES.approver!],
    roles: ['approver'],
  });
  const service = await http.keyOf({ person: 'bot', scopes: [...ROLE_SCOPES.service!], roles: ['service'] });
  const decide = `/v1/approvals/${things.approvalId}/decisions`;
  const body = { decision: 'deny', actionHash: things.actionHash, reason: 'not today' };
  expect((await http.ask(decide, { body, key: service })).status).toBe(403);
  expect(
    (await http.ask('/v1/runs', { body: { agent: things.agent, prompt: 'x' }, key: approver })).status,
  ).toBe(403);
  expect((await http.ask(decide, { body, key: approver })).status).toBe(200);
  // As when the first answer was lost.
  expect(await http.json(decide, 200, { body, key: approver })).toMatchObject({ status: 'denied' });
  const other = { ...body, decision: 'approve' };
  expect(await http.json(decide, 409, { body: other, key: approver })).toMatchObject({
    code: 'approval-settled',
  });
});

test('a route without a scope keeps the API from starting', () => {
  const api = new OpenAPIHono<ApiEnvironment>();
  api.get('/v1/forgotten', (c) => c.text('data'));
  expect(() => scopesOfRoutes(api)).toThrow('the route `GET /v1/forgotten` has no scope');
});
