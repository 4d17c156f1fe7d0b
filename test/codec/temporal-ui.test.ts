import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { Registry } from 'prom-client';
import { createApi, type Pages } from '../../src/api/create-api';
import { type Listening, listen } from '../../src/api/serve';
import { type ApiFixture, openApiFixture } from '../api/fixture';
import { AUDIENCE, startProvider, type TestProvider } from '../identity/oidc-provider';
import { logIn, openBrowser } from '../support/browser';
import { type CodecServer, startCodecServer } from '../support/codec-server';
import { type Harness, startHarness } from '../support/run-harness';
import { temporalCliPath, useStack } from '../support/stack';
import type { TestRun } from '../support/test-run';

/** Said by nothing else that the Temporal UI shows. */
const PROMPT = 'zebraprompt';
/** How the Temporal UI shows what it could not have decoded: its encoding, in base64. */
const ENCRYPTED = Buffer.from('binary/encrypted').toString('base64').replace(/=+$/, '');

let gatehouse: Harness;
let provider: TestProvider;
let browser: Browser;
let http: ApiFixture;
let listening: Listening;
let codec: CodecServer;
let temporalUi: string;
let run: TestRun;

beforeAll(async () => {
  [gatehouse, provider, browser] = await Promise.all([
    startHarness({ isEncrypted: true }),
    startProvider(),
    openBrowser(),
  ]);
  const payloadKeys = join(gatehouse.folder, 'payload-keys.json');
  http = await openApiFixture(gatehouse, {
    environment: {
      GATEHOUSE_PAYLOAD_KEYS: payloadKeys,
      GATEHOUSE_OIDC_ISSUER: provider.issuer,
      GATEHOUSE_OIDC_AUDIENCE: AUDIENCE,
      GATEHOUSE_OIDC_CLIENT_ID: AUDIENCE,
    },
  });
  // As the API process opens it.
  let api: Pages = { fetch: () => new Response(null, { status: 503 }) };
  listening = await listen({
    fetch: (request, given) => api.fetch(request, given),
    host: '127.0.0.1',
    port: 0,
  });
  const dependencies = { ...http.opened.dependencies, registry: new Registry() };
  api = createApi(dependencies, http.opened.consoleAt(listening.url.origin));
  ({ temporalUi } = await useStack());
  codec = await startCodecServer({
    ...{ folder: gatehouse.folder, payloadKeys },
    ...{ api: listening.url, temporalUi: new URL(temporalUi) },
  });
  const agent = await gatehouse.agent({ tier: 'OBSERVE' }, [{ say: 'nothing to do', calls: [] }]);
  run = await gatehouse.start({ agent, prompt: PROMPT });
  await run.outcome();
});
afterAll(async () => {
  await codec?.close();
  await browser?.close();
  await listening?.close();
  await http?.close();
  await provider?.close();
  await gatehouse?.close();
});

/** The run in the Temporal UI, with the settings that its panel keeps for a browser: see docs/operators.md. */
async function historyIn(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  await page.addInitScript((endpoint) => {
    localStorage.setItem('endpoint', JSON.stringify(endpoint));
    localStorage.setItem('includeCredentials', 'true');
    localStorage.setItem('overrideRemoteCodecConfiguration', 'true');
  }, codec.origin);
  await page.goto(
    `${temporalUi}namespaces/${gatehouse.namespace}/workflows/run-${run.runId}/${run.firstExecution}/history`,
  );
  return page;
}

test('somebody logged in to the console reads payloads in the Temporal UI, and no more once logged out', async () => {
  const { context, page: console } = await logIn(
    browser,
    `${listening.url.origin}/console`,
    await http.keyOf(),
  );
  const page = await historyIn(context);
  await page.getByText(PROMPT).first().waitFor();
  await console.getByRole('button', { name: 'Log out' }).click();
  await console.waitForURL(/\/login/);
  await page.reload();
  await page.getByText(ENCRYPTED).first().waitFor();
  expect(await page.getByText(PROMPT).count()).toBe(0);
  await context.close();
});

test('somebody who logged in through the identity provider reads them as well', async () => {
  provider.login.claims = { organization: 'local', roles: ['operator'] };
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${listening.url.origin}/console`);
  await page.getByRole('link', { name: 'Log in with your organization' }).click();
  await page.waitForURL(/\/console$/);
  await (await historyIn(context)).getByText(PROMPT).first().waitFor();
  await page.goto(codec.origin);
  expect(await page.getByRole('main').innerText()).toContain('logged in to the console as alice of local');
  await context.close();
});

test('a page of another site gets nothing, whoever is logged in', async () => {
  const evil = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<title>evil</title>');
  });
  await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve));
  const { context, page } = await logIn(browser, `${listening.url.origin}/console`, await http.keyOf());
  await page.goto(`http://127.0.0.1:${(evil.address() as AddressInfo).port}`);
  const ask = async (mode: 'cors' | 'no-cors') =>
    page.evaluate(
      async ([url, wanted]) => {
        const answer = await fetch(`${url}/decode`, {
          ...{ method: 'POST', body: '{}', credentials: 'include', mode: wanted as RequestMode },
        }).catch((error: Error) => error);
        return answer instanceof Error ? 'refused' : await answer.text();
      },
      [codec.origin, mode],
    );
  expect(await ask('cors')).toBe('refused');
  expect(await ask('no-cors')).toBe('');
  await page.goto(codec.origin);
  expect(await page.getByRole('main').innerText()).toContain('logged in to the console');
  await context.close();
  await new Promise((resolve) => evil.close(resolve));
});

test('the temporal command reads histories with an API key, and with none it shows what is kept', async () => {
  const show = async (...options: string[]) =>
    (
      await promisify(execFile)(
        await temporalCliPath(),
        [
          ...['workflow', 'show', '--workflow-id', `run-${run.runId}`, '--output', 'json'],
          ...['--address', gatehouse.temporalAddress, '--namespace', gatehouse.namespace, ...options],
        ],
        { env: { PATH: '/usr/bin:/bin', HOME: gatehouse.folder }, maxBuffer: 64 * 1024 * 1024 },
      ).catch((error: { stdout: string }) => error)
    ).stdout.replace(/"data": "([^"]+)"/g, (_all, data) => Buffer.from(data, 'base64').toString());
  const endpoint = ['--codec-endpoint', codec.origin];
  expect(await show(...endpoint, '--codec-auth', `Bearer ${await http.keyOf()}`)).toContain(PROMPT);
  expect(await show(...endpoint, '--codec-auth', 'Bearer gatehouse_wrong')).not.toContain(PROMPT);
  expect(await show()).not.toContain(PROMPT);
});
