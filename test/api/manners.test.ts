import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { json } from 'node:stream/consumers';
import pino from 'pino';
import { createApi } from '../../src/api/create-api';
import { type Harness, startHarness } from '../support/run-harness';
import { type ApiFixture, openApiFixture } from './fixture';

let gatehouse: Harness;
let http: ApiFixture;
beforeAll(async () => {
  gatehouse = await startHarness();
  http = await openApiFixture(gatehouse, {
    environment: { GATEHOUSE_PUBLIC_URL: 'https://gatehouse.example' },
  });
});
afterAll(async () => {
  await http.close();
  await gatehouse.close();
});

test('an error is problem+json with a stable code and the id of the request', async () => {
  const answer = await http.ask('/v1/runs/nobody', { headers: { 'x-request-id': 'mine-1' } });
  expect(answer.status).toBe(404);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(answer.headers.get('x-request-id')).toBe('mine-1');
  expect(await answer.json()).toEqual({
    type: 'urn:gatehouse:problem:run-unknown',
    title: 'Not Found',
    status: 404,
    code: 'run-unknown',
    detail: expect.stringContaining('there is no run `nobody`'),
    requestId: 'mine-1',
  });
});

test('what nobody foresaw is a 500 that says nothing, and a line in the log that says all but secrets', async () => {
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const { registry: _registry, ...rest } = http.opened.dependencies;
  const { Registry } = jest.requireActual<typeof import('prom-client')>('prom-client');
  const api = createApi({
    ...rest,
    registry: new Registry(),
    log,
    commandsOf: () => {
      throw new Error('password=hunter2 of the table');
    },
  });
  const answer = await api.request('/v1/agents?token=in-the-query', {
    headers: { authorization: `Bearer ${http.key}` },
  });
  const problem = (await answer.json()) as Record<string, unknown>;
  expect(problem).toMatchObject({ status: 500, code: 'internal' });
  expect(JSON.stringify(problem)).not.toContain('hunter2');
  const failed = lines.map((line) => JSON.parse(line)).find(({ level }) => level === 50);
  expect(failed).toMatchObject({
    requestId: problem.requestId,
    err: { message: 'password=hunter2 of the table' },
  });
  expect(lines.join('')).not.toContain(http.key);
  expect(lines.join('')).not.toContain('in-the-query');
});

test('a request for another host, or from a page of another origin, is refused', async () => {
  const status = async (headers: Record<string, string>) =>
    (await http.ask('/v1/agents', { headers })).status;
  expect(await status({ host: 'evil.example' })).toBe(421);
  expect(await status({ host: '127.0.0.1.evil.example:8080' })).toBe(421);
  expect(await status({ host: 'gatehouse.example' })).toBe(200);
  expect(await status({ host: 'localhost:8080' })).toBe(200);
  expect(await status({ origin: 'https://evil.example' })).toBe(403);
  expect(await status({ origin: 'null' })).toBe(403);
  expect(await status({ origin: 'https://gatehouse.example' })).toBe(200);
});

test('a path says which methods it takes; HEAD is GET without a body', async () => {
  const wrong = await http.ask('/v1/runs', { method: 'DELETE' });
  expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS, POST']);
  expect(await wrong.json()).toMatchObject({ code: 'method-refused' });
  const options = await http.ask('/v1/runs/x/events', { method: 'OPTIONS' });
  expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS']);
  expect((await http.ask('/v1/nothing')).status).toBe(404);
  const head = await http.ask('/v1/agents', { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
});

test('a body that is too large, no JSON, or of another type is refused', async () => {
  const post = (body: string, headers: Record<string, string> = {}) =>
    http.ask('/v1/runs', { body, headers });
  expect((await post(JSON.stringify({ agent: 'x', prompt: 'x'.repeat(3_000_000) }))).status).toBe(413);
  expect((await post('{')).status).toBe(400);
  expect(
    (await post('a=b', { 'content-type': 'application/x-www-form-urlencoded' })).status,
  ).toBeGreaterThanOrEqual(400);
  const faulty = await http.json('/v1/runs', 400, {
    body: { agent: 'x', prompt: 'y', surprise: 1, narrow: { tier: 9 } },
  });
  expect(faulty.faults.map(({ where }: { where: string }) => where)).toEqual(
    expect.arrayContaining(['body.narrow.tier']),
  );
  const empty = await http.json('/v1/runs', 400, { body: {} });
  expect(empty.detail).toBe('the request is malformed: body.agent is missing');
});

test('over the wire, a body may be absent or come in pieces, and is refused when it grows too large', async () => {
  const { url } = await http.serve();
  const ask = async (path: string, method: string, pieces: string[]) => {
    const asked = request(new URL(path, url), {
      method,
      headers: {
        authorization: `Bearer ${http.key}`,
        ...(pieces.length > 0 ? { 'content-type': 'application/json', 'transfer-encoding': 'chunked' } : {}),
      },
    });
    for (const piece of pieces) asked.write(piece);
    asked.end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    return { status: answer.statusCode, ...((await json(answer)) as { code?: string; faults?: unknown[] }) };
  };

  expect(await ask('/v1/webhooks/whk-0', 'DELETE', [])).toMatchObject({
    status: 404,
    code: 'webhook-unknown',
  });
  expect(await ask('/v1/webhooks/whk-0/test', 'POST', [])).toMatchObject({ status: 404 });
  expect(await ask('/v1/runs', 'DELETE', [])).toMatchObject({ status: 405 });
  expect(await ask('/v1/runs', 'POST', ['{"agent":"no', 'body","prompt":"x"}'])).toMatchObject({
    status: 404,
    code: 'agent-unknown',
  });
  const large = Array.from({ length: 40 }, () => ' '.repeat(60_000));
  expect(await ask('/v1/runs', 'POST', large)).toMatchObject({ status: 413, code: 'body-too-large' });
});

test('a cursor that no page ended with is refused, and is not the end of the list', async () => {
  for (const path of ['/v1/runs', '/v1/audit'])
    expect(await http.json(`${path}?cursor=zzz`, 400)).toMatchObject({ code: 'cursor-malformed' });
});

test('requests beyond the rate of a key or an address are told when to come back', async () => {
  const limited = await openApiFixture(gatehouse, { limits: { requestsOfKey: 3, requestsOfAddress: 8 } });
  const other = await limited.keyOf();
  const status = async (key: string) => (await limited.ask('/v1/agents', { key })).status;
  expect([await status(limited.key), await status(limited.key), await status(limited.key)]).toEqual([
    200, 200, 200,
  ]);
  const refused = await limited.ask('/v1/agents');
  expect([refused.status, Number(refused.headers.get('retry-after'))]).toEqual([429, expect.any(Number)]);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await refused.json()).toMatchObject({ code: 'rate-exceeded' });
  expect(await status(other)).toBe(200);
  // Also those that nobody is known for count against their address.
  for (let index = 0; index < 3; index++) await status('gatehouse_x');
  expect(await status(other)).toBe(429);
  await limited.close();
});

test('the reference comes from this process alone, without a script in the page', async () => {
  const page = await http.ask('/docs', { key: null });
  const policy = page.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("script-src 'self'");
  expect(policy).not.toMatch(/script-src[^;]*unsafe/);
  const html = await page.text();
  expect(html).not.toMatch(/https?:\/\//);
  expect(html).not.toMatch(/<script>/);
  for (const [, path] of html.matchAll(/(?:src|href)="([^"]+)"/g)) {
    const file = await http.ask(path!, { key: null });
    expect([path, file.status]).toEqual([path, 200]);
  }
});

test('it lives, and is ready while database and Temporal answer', async () => {
  expect(await http.json('/healthz', 200, { key: null, headers: { host: '10.0.0.7' } })).toEqual({
    status: 'ok',
  });
  expect(await http.json('/readyz', 200, { key: null })).toEqual({
    status: 'ready',
    database: 'ok',
    temporal: 'ok',
  });
  await gatehouse.refuseDatabase(true);
  const isDown = await http.ask('/readyz', { key: null });
  const unavailable = await http.ask('/v1/agents');
  await gatehouse.refuseDatabase(false);
  expect([isDown.status, await isDown.json()]).toMatchObject([
    503,
    { database: 'unreachable', temporal: 'ok' },
  ]);
  const text = await unavailable.text();
  expect(JSON.parse(text)).toMatchObject({ status: 503, code: 'database-unreachable' });
  // Where the database is, is nobody's business.
  expect(text).not.toContain(new URL(gatehouse.databaseUrl).port);
  expect(unavailable.headers.get('retry-after')).toBe('2');
});

test('metrics are for this machine, or for a key that may read them', async () => {
  expect((await http.ask('/metrics', { key: null })).status).toBe(401);
  expect((await http.ask('/metrics', { key: await http.keyOf({ scopes: ['runs:read'] }) })).status).toBe(403);
  expect(await (await http.ask('/metrics')).text()).toContain('gatehouse_api_request_seconds');
  const { url } = await http.serve();
  expect((await fetch(new URL('/metrics', url))).status).toBe(200);
  expect((await fetch(new URL('/metrics', url), { headers: { 'x-forwarded-for': '10.0.0.1' } })).status).toBe(
    401,
  );
});

test('a decision in a batch counts or is refused by itself', async () => {
  const body = { decisions: [{ approvalId: 'nobody', decision: 'approve', actionHash: 'a'.repeat(64) }] };
  expect(await http.json('/v1/approvals/decisions', 200, { body })).toEqual({
    results: [
      { approvalId: 'nobody', accepted: false, code: 'approval-unknown', detail: expect.any(String) },
    ],
  });
});

test('policies that do not pass their check are not published, and the answer says where', async () => {
  const content =
    '---\nname: Broken\nversion: 1\n---\n- No\n```cedar\nforbid (principal, action, resource) when { nonsense };\n```\n';
  const problem = await http.json('/v1/policies/publications', 422, {
    body: { policies: [{ file: 'broken.md', content }] },
  });
  expect(problem).toMatchObject({
    code: 'policy-check-failed',
    problems: [{ severity: 'error', file: 'broken.md' }],
  });
  expect((await http.json('/v1/policies', 200)).policies).toEqual([]);
});

test('policies are published, compared, covered, tried out and rolled back', async () => {
  const candidate = (version: number, line: string) => ({
    policies: [{ file: 'care.md', content: `---\nname: Care\nversion: ${version}\n---\n- ${line}\n` }],
  });
  const publish = (version: number, line: string) =>
    http.json('/v1/policies/publications', 200, { body: candidate(version, line) });
  expect(await publish(1, 'Be careful')).toEqual({
    policies: [{ name: 'Care', version: 1, isChanged: true, hasNewTests: false }],
    runsTold: 0,
  });
  await publish(2, 'Be very careful');
  expect(await http.json('/v1/policies/publications', 409, { body: candidate(2, 'Be bold') })).toMatchObject({
    code: 'policy-version-taken',
  });
  expect(
    (await http.json('/v1/policies/Care/versions', 200)).versions.map(
      (each: { version: number }) => each.version,
    ),
  ).toEqual([2, 1]);
  expect((await http.json('/v1/policies/Care/diff', 200)).patch).toContain('+- Be very careful');
  expect(
    (await http.json('/v1/policies/coverage', 200, { body: candidate(3, 'Be careful') })).bullets,
  ).toMatchObject([{ text: 'Be careful', state: 'advisory' }]);
  expect(
    await http.json('/v1/policies/simulations', 200, { body: candidate(3, 'Be careful') }),
  ).toMatchObject({ changed: 0 });
  expect(await http.json('/v1/policies/Care/rollback', 200, { body: {} })).toEqual({
    name: 'Care',
    version: 3,
    from: 2,
    to: 1,
    runsTold: 0,
  });
});

test('a published policy says which tests prove each bullet, version by version', async () => {
  const publish = (version: number, tests?: string) =>
    http.json('/v1/policies/publications', 200, {
      body: { policies: [{ file: 'branches.md', content: branches(version), tests }] },
    });
  const cover = (query = '') => http.json(`/v1/policies/Branches/coverage${query}`, 200);
  await publish(1);
  expect(await cover()).toMatchObject({ version: 1, hasTests: false, bullets: [{ state: 'advisory' }] });
  await publish(2, HOTFIX_REFUSED);
  expect(await cover()).toMatchObject({
    ...{ name: 'Branches', version: 2, hasTests: true, problems: [] },
    bullets: [{ state: 'enforced', rules: [{ id: 'branches/hotfix', tests: ['a hotfix is refused'] }] }],
  });
  expect(await cover('?version=1')).toMatchObject({ version: 1, hasTests: false });
  // Tests judge nothing: they may come later, to a version that is there.
  expect(await publish(2, `${HOTFIX_REFUSED}${OTHERS_PASS}`)).toMatchObject({
    policies: [{ isChanged: false, hasNewTests: true }],
  });
  const { versions } = await http.json('/v1/policies/Branches/versions', 200);
  expect(versions.map((each: { tests: string | null }) => each.tests)).toEqual([
    `${HOTFIX_REFUSED}${OTHERS_PASS}`,
    null,
  ]);
  expect(await http.json('/v1/policies/Branches/coverage?version=9', 404)).toMatchObject({
    code: 'policy-version-unknown',
  });
  const refused = await http.json('/v1/policies/publications', 422, {
    body: {
      policies: [{ file: 'branches.md', content: branches(3), tests: HOTFIX_REFUSED.replace('deny', 'ask') }],
    },
  });
  expect(refused).toMatchObject({ code: 'policy-check-failed', problems: [{ file: 'branches.test.yaml' }] });
});

const branches = (version: number) => `---
name: Branches
version: ${version}
---
- Agents MUST NOT push to hotfix

\`\`\`cedar
@id("hotfix") @enforces("push to hotfix")
forbid (principal, action == Action::"git-push", resource == Branch::"hotfix");
\`\`\`
`;
const HOTFIX_REFUSED = `- name: a hotfix is refused
  agent: { tier: DRAFT }
  call: { tool: git-push, args: { branch: hotfix } }
  expect: { verdict: deny, reason: { layer: organization, rule: branches/hotfix } }
`;
const OTHERS_PASS = `- name: reading is not
  agent: { tier: DRAFT }
  call: { tool: read-file, args: { path: README.md } }
  expect: { verdict: allow }
`;

test('an agent that names files is refused: nothing of this machine is read', async () => {
  const put = (definition: object, status: number) =>
    http.json('/v1/agents/reader', status, { method: 'PUT', body: { definition } });
  const base = { name: 'reader', tier: 'OBSERVE' };
  expect(await put({ ...base, model: 'scripted:/etc/passwd' }, 422)).toMatchObject({
    code: 'script-missing',
  });
  expect(await put({ ...base, tools: ['/etc/passwd'] }, 200)).toMatchObject({ isChanged: true });
  expect((await http.json('/v1/agents/reader', 200)).definition).toMatchObject({ tools: [] });
  expect(await put({ ...base, name: 'another' }, 422)).toMatchObject({ code: 'agent-name-differs' });
  expect(await put({ ...base, surprise: 1 }, 422)).toMatchObject({ code: 'agent-file-invalid' });
});

test('away from the owner’s own machine a run names its repository by a URL', async () => {
  const strict = await openApiFixture(gatehouse, { environment: { GATEHOUSE_LOCAL_REPOSITORIES: 'off' } });
  await gatehouse.agent({ name: 'any' }, [{ say: 'hello' }]);
  for (const repo of ['/etc', 'file:///etc'])
    expect(await strict.json('/v1/runs', 422, { body: { agent: 'any', prompt: 'x', repo } })).toMatchObject({
      code: 'repository-unavailable',
    });
  await strict.close();
});
