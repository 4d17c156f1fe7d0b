import type { Browser, Page } from 'playwright-core';
import type { Pages } from '../../src/api/create-api';
import { type Listening, listen } from '../../src/api/serve';
import { type ApiFixture, openApiFixture } from '../api/fixture';
import { AUDIENCE, startProvider, type TestProvider } from '../identity/oidc-provider';
import { openBrowser } from '../support/browser';
import { type Harness, startHarness } from '../support/run-harness';

const SECRET = 'a secret: with + and % and é';

let gatehouse: Harness;
let provider: TestProvider;
let http: ApiFixture;
let listening: Listening;
let browser: Browser;
let page: Page;
let url: string;
const complaints: string[] = [];

beforeAll(async () => {
  [gatehouse, provider, browser] = await Promise.all([startHarness(), startProvider(), openBrowser()]);
  http = await openApiFixture(gatehouse, {
    environment: {
      GATEHOUSE_OIDC_ISSUER: provider.issuer,
      GATEHOUSE_OIDC_AUDIENCE: AUDIENCE,
      GATEHOUSE_OIDC_CLIENT_ID: AUDIENCE,
      GATEHOUSE_OIDC_CLIENT_SECRET: SECRET,
    },
  });
  // As the API process opens it.
  let pages: Pages = { fetch: () => new Response(null, { status: 503 }) };
  listening = await listen({
    fetch: (request, given) => pages.fetch(request, given),
    host: '127.0.0.1',
    port: 0,
  });
  pages = http.opened.consoleAt(listening.url.origin);
  url = `${listening.url.origin}/console`;
});
afterAll(async () => {
  await browser?.close();
  await listening?.close();
  await http?.close();
  await provider?.close();
  await gatehouse?.close();
});
beforeEach(async () => {
  complaints.length = 0;
  Object.assign(provider.login, {
    clientSecret: SECRET,
    claims: { organization: 'local', roles: ['approver'] },
    answer: {},
    nonce: undefined,
  });
  page = await (await browser.newContext()).newPage();
  page.on('console', (message) => {
    if (message.text().includes('Content Security Policy')) complaints.push(message.text());
  });
});
afterEach(() => page.context().close());

/** From the page that somebody wanted, over the login page, to the provider and back. */
async function logIn(path = ''): Promise<void> {
  await page.goto(`${url}${path}`);
  await page.getByRole('link', { name: 'Log in with your organization' }).click();
}

const sessionCookie = async () =>
  (await page.context().cookies()).find(({ name }) => name.includes('session')) ?? null;

async function refusedWith(text: string): Promise<void> {
  await page.getByRole('alert').getByText(text).waitFor();
  expect(await sessionCookie()).toBeNull();
}

test('somebody of the organization logs in and comes to the page they wanted, with what their roles may do', async () => {
  await logIn('/runs?status=FAILED');
  await page.waitForURL(/\/console\/runs\?status=FAILED$/);
  expect(await page.locator('.who').innerText()).toContain('alice');
  expect(await page.getByRole('link', { name: 'Audit' }).count()).toBe(0);
  expect(await sessionCookie()).toMatchObject({ httpOnly: true, sameSite: 'Lax' });
  const kept = (await page.context().cookies()).map(({ name }) => name);
  expect(kept.filter((name) => name.includes('provider'))).toEqual([]);
  expect(complaints).toEqual([]);
});

test('an answer with another state does not count', async () => {
  provider.login.answer = { state: 'another' };
  await logIn();
  await refusedWith('this is not the answer to the login that was begun here; try again');
});

test('a token with the nonce of another login does not count', async () => {
  provider.login.nonce = 'of-another-login';
  await logIn();
  await refusedWith('the token is of another login; try again');
});

test('a code that was redeemed once is worth nothing, to whoever brings it', async () => {
  await logIn();
  await page.getByRole('heading', { name: 'Inbox' }).waitFor();
  const used = provider.redirects.at(-1)!;
  const replayed = await fetch(used, { redirect: 'manual' });
  expect([replayed.status, replayed.headers.get('location')]).toEqual([303, '/console/login']);

  // With the cookie of the login that was begun, and so with its state and verifier.
  await page.context().clearCookies();
  const begun = await fetch(`${url}/login/provider/begin`, { redirect: 'manual' });
  const cookie = begun.headers.getSetCookie()[0]!.split(';')[0]!;
  const atProvider = await fetch(begun.headers.get('location')!, { redirect: 'manual' });
  const back = atProvider.headers.get('location')!;
  const first = await fetch(back, { redirect: 'manual', headers: { cookie } });
  expect(first.headers.getSetCookie().join()).toContain('gatehouse-session');
  const second = await fetch(back, { redirect: 'manual', headers: { cookie } });
  expect(second.status).toBe(401);
  expect(await second.text()).toContain('the identity provider did not take the login');
  expect(second.headers.getSetCookie().join()).not.toContain('gatehouse-session');
});

test('an answer that another browser began does not count', async () => {
  const begun = await fetch(`${url}/login/provider/begin`, { redirect: 'manual' });
  const atProvider = await fetch(begun.headers.get('location')!, { redirect: 'manual' });
  await page.goto(atProvider.headers.get('location')!);
  await page.waitForURL(/\/login$/);
  expect(await sessionCookie()).toBeNull();
});

test.each([
  ['an organization that is not known', { organization: 'nowhere' }, 'organization that is not known here'],
  ['no organization', { organization: undefined }, 'the token has no claim `organization`'],
  ['no role that counts', { roles: ['florist'] }, 'gives no role that counts here; ask an admin'],
  ['no role at all', { roles: undefined }, 'gives no role that counts here; ask an admin'],
])('somebody with %s is refused on a page that says why', async (_what, claims, text) => {
  provider.login.claims = { organization: 'local', roles: ['approver'], ...claims };
  await logIn();
  await refusedWith(text);
  expect(await page.getByRole('link', { name: 'Log in with your organization' }).count()).toBe(1);
});

test('somebody who was disabled here is refused, whatever the provider says', async () => {
  await http.json('/v1/people/alice', 200, { method: 'PUT', body: { roles: ['approver'] } });
  await http.json('/v1/people/alice', 200, { method: 'DELETE' });
  provider.login.claims = { organization: 'local', roles: ['admin'] };
  await logIn();
  await refusedWith('this person was disabled');
});

test.each([
  ['who refused at the provider', { error: 'access_denied' }, 'the identity provider refused the login'],
  ['whose answer names another provider', { iss: 'https://evil.example' }, 'of another identity provider'],
])('somebody %s is told so', async (_what, answer, text) => {
  provider.login.answer = answer;
  await logIn();
  await refusedWith(text);
});

test('a client secret that the provider does not know logs nobody in, and is shown nowhere', async () => {
  provider.login.clientSecret = 'another';
  await logIn();
  await refusedWith('the identity provider did not take the login');
  expect(await page.content()).not.toContain(SECRET);
});
