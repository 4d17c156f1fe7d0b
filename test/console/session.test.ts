import { request } from 'node:http';
import { Hono } from 'hono';
import { createCookies } from '../../src/console/cookies';
import { type ConsoleServer, serveConsole } from '../support/console-server';
import { type Harness, startHarness } from '../support/run-harness';

let gatehouse: Harness;
let server: ConsoleServer;
beforeAll(async () => {
  gatehouse = await startHarness();
  server = await serveConsole(gatehouse);
});
afterAll(async () => {
  await server?.close();
  await gatehouse?.close();
});

const PAGES = [
  '',
  '/inbox',
  '/waiting',
  '/live',
  '/runs',
  '/policies',
  '/policies/-/candidate',
  '/agents',
  '/audit',
  '/people',
  '/halts',
  '/break-glass',
  '/standing',
  '/webhooks',
];

const ask = (path: string, { headers = {}, ...init }: RequestInit = {}) =>
  fetch(`${server.url}${path}`, { redirect: 'manual', ...init, headers });

/** A form as a page of ours sends it. */
const send = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
  ask(path, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: { origin: server.origin, 'sec-fetch-site': 'same-origin', ...headers },
  });

const cookieOf = (response: Response) =>
  response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .filter((cookie) => !cookie?.endsWith('='))
    .join('; ');

const tokenIn = async (response: Response) => /name="csrf" value="([^"]+)"/.exec(await response.text())![1]!;

async function logIn(scopes?: Parameters<ConsoleServer['keyOf']>[1]) {
  const form = await ask('/login');
  const cookie = cookieOf(form);
  const csrf = await tokenIn(form);
  const key = await server.keyOf('alice', scopes);
  const response = await send('/login', { csrf, key }, { cookie });
  return { response, cookie: cookieOf(response), key };
}

test.each(PAGES)('whoever is not logged in is sent from "%s" to the login', async (path) => {
  const response = await ask(path);
  expect(response.status).toBe(303);
  expect(response.headers.get('location')).toBe(
    `/console/login?next=${encodeURIComponent(`/console${path}`)}`,
  );
  expect((await ask(path, { headers: { 'hx-request': 'true' } })).headers.get('hx-redirect')).toBe(
    '/console/login',
  );
});

test('a page is told to look again as soon as its stream begins, for what came before it was heard', async () => {
  const { cookie } = await logIn();
  const stop = new AbortController();
  const { body } = await ask('/live', { headers: { cookie }, signal: stop.signal });
  const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
  let told = '';
  while (!told.includes('event: approval')) told += (await reader.read()).value;
  expect(told).toContain('event: inbox');
  stop.abort();
});

test('a key that does not count is refused, and nothing of it is shown again', async () => {
  const form = await ask('/login');
  const response = await send(
    '/login',
    { csrf: await tokenIn(form), key: 'gatehouse_wrong' },
    { cookie: cookieOf(form) },
  );
  expect(response.status).toBe(401);
  const text = await response.text();
  expect(text).toContain('there is no such API key');
  expect(text).not.toContain('gatehouse_wrong');
});

test('a form that a proxy hands on in pieces is taken', async () => {
  const form = await ask('/login');
  const cookie = cookieOf(form);
  const fields = new URLSearchParams({ csrf: await tokenIn(form), key: await server.keyOf('alice') });
  const response = await ask('/login', {
    method: 'POST',
    body: new Blob([fields.toString()]).stream(),
    duplex: 'half',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...{ cookie, origin: server.origin, 'sec-fetch-site': 'same-origin' },
    },
  } as RequestInit);
  expect(response.headers.get('location')).toBe('/console');
});

test('the session cookie is read by no script, sent along with no form of others, and ends with the logout', async () => {
  const { response, cookie } = await logIn();
  expect(response.headers.get('location')).toBe('/console');
  const [session] = response.headers.getSetCookie().filter((text) => text.includes('session'));
  expect(session).toMatch(/^gatehouse-session-\d+=[\w-]{43}; /);
  expect(session).toContain('; HttpOnly');
  expect(session).toContain('; SameSite=Lax');
  expect(session).toContain('; Path=/');
  expect(session).not.toContain('Domain');
  const csrf = await tokenIn(await ask('', { headers: { cookie } }));
  expect((await send('/logout', { csrf }, { cookie })).status).toBe(303);
  expect((await ask('', { headers: { cookie } })).status).toBe(303);
});

test('over https the cookie is secure and bound to the host', async () => {
  const cookies = createCookies('https://gatehouse.example');
  const app = new Hono().get('/', (c) => {
    cookies.write(c, 'session', 'x'.repeat(43));
    return c.text('');
  });
  const [cookie] = (await app.request('/')).headers.getSetCookie();
  expect(cookie).toMatch(/^__Host-gatehouse-session=/);
  expect(cookie).toContain('; Secure');
});

test('the login goes on to a page of the console only', async () => {
  for (const [asked, gone] of [
    ['/console/runs?status=FAILED', '/console/runs?status=FAILED'],
    ['https://evil.example/console', '/console'],
    ['//evil.example', '/console'],
    ['/console//evil.example', '/console'],
    ['/console/\\evil.example', '/console'],
    ['/v1/runs', '/console'],
  ] as const) {
    const form = await ask('/login');
    const key = await server.keyOf('alice');
    const fields = { csrf: await tokenIn(form), key, next: asked };
    const response = await send('/login', fields, { cookie: cookieOf(form) });
    expect([asked, response.headers.get('location')]).toEqual([asked, gone]);
  }
});

describe('a form counts for nothing', () => {
  const rejected = async (fields: Record<string, string>, headers: Record<string, string>) => {
    const response = await send('/batch', { decision: 'approve', approval: 'none none', ...fields }, headers);
    return [response.status, /class="theirs-inline"[^>]*>([^<]*)/.exec(await response.text())?.[1]];
  };
  const FOREIGN = [403, 'this form is not of this session; load the page again'];

  test('without the token of its session, or with that of another', async () => {
    const [mine, other] = [await logIn(), await logIn()];
    const csrf = await tokenIn(await ask('', { headers: { cookie: other.cookie } }));
    expect(await rejected({}, { cookie: mine.cookie })).toEqual(FOREIGN);
    expect(await rejected({ csrf }, { cookie: mine.cookie })).toEqual(FOREIGN);
  });

  test('when a page of another site sends it', async () => {
    const { cookie } = await logIn();
    const csrf = await tokenIn(await ask('', { headers: { cookie } }));
    const foreign = { origin: 'https://evil.example' };
    expect(await rejected({ csrf }, { cookie, ...foreign, 'sec-fetch-site': 'cross-site' })).toEqual(FOREIGN);
    expect(await rejected({ csrf }, { cookie, 'sec-fetch-site': 'same-site' })).toEqual(FOREIGN);
    const old = await ask('/batch', {
      method: 'POST',
      body: new URLSearchParams({ csrf }),
      headers: { cookie, ...foreign },
    });
    expect(old.status).toBe(403);
    // The same form of our own page is looked at.
    expect((await send('/batch', { csrf, decision: 'approve' }, { cookie })).status).toBe(422);
  });

  test('when the login is sent without having been shown', async () => {
    const response = await send('/login', { csrf: 'x', key: await server.keyOf('alice') });
    expect(response.status).toBe(401);
    expect(response.headers.getSetCookie().join()).not.toContain('session');
  });
});

test('every page forbids inline scripts and styles, frames, and what others may learn of it', async () => {
  const { cookie } = await logIn();
  for (const path of [...PAGES.filter((page) => page !== '/live'), '/login', '/nowhere', '/runs/nothing']) {
    const response = await ask(path, { headers: { cookie } });
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(response.headers.get('referrer-policy')).toBe('no-referrer');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const text = await response.text();
    expect(text).not.toMatch(
      /<script(?![^>]* src="\/console\/assets\/)|<style|\sstyle=|\son\w+=|https?:\/\/(?!127\.0\.0\.1)/,
    );
  }
});

test('scripts and styles may be kept for good, since their names change with them', async () => {
  const page = await (await ask('/login')).text();
  const files = [...page.matchAll(/\/console(\/assets\/[\w.-]+)/g)].map(([, file]) => file!);
  expect(new Set(files).size).toBe(5);
  for (const file of files) {
    const response = await ask(file);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    await response.body?.cancel();
  }
});

test('a key that may only look is shown no form of decision, and its forms are refused', async () => {
  const { cookie } = await logIn(['runs:read', 'approvals:read']);
  const inbox = await (await ask('', { headers: { cookie } })).text();
  expect(inbox).not.toContain('href="/console/audit"');
  expect((await ask('/audit', { headers: { cookie } })).status).toBe(403);
  expect((await ask('/people', { headers: { cookie } })).status).toBe(403);
  const csrf = /name="csrf" value="([^"]+)"/.exec(inbox)![1]!;
  const response = await send('/batch', { csrf, decision: 'approve', approval: 'a b' }, { cookie });
  expect(response.status).toBe(403);
  expect(await response.text()).toContain('approvals:decide');
});

test('a name that is not its own is not answered', async () => {
  const status = await new Promise((resolve, reject) =>
    request(`${server.url}/login`, { headers: { host: 'rebound.example' } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on('error', reject)
      .end(),
  );
  expect(status).toBe(421);
});
