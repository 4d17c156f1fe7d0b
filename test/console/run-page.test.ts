import type { Browser } from 'playwright-core';
import { type ApiFixture, openApiFixture } from '../api/fixture';
import { logIn, openBrowser } from '../support/browser';
import { type ConsoleServer, serveConsole } from '../support/console-server';
import { type Harness, startHarness } from '../support/run-harness';
import { call } from '../support/scripted-agent';

const SECRET = 'Zx7/Qm4+Lw9_Vb2-Kt6Np3Rd8';

let gatehouse: Harness;
let server: ConsoleServer;
let browser: Browser;
let http: ApiFixture;

beforeAll(async () => {
  gatehouse = await startHarness({
    offers: [
      {
        ...{ account: 'dev', role: 'reader', scope: 'read', organizations: ['local'] },
        issuer: { kind: 'static', env: { DEV_TOKEN: SECRET } },
      },
    ],
  });
  [server, browser, http] = await Promise.all([
    serveConsole(gatehouse),
    openBrowser(),
    openApiFixture(gatehouse),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
  await http?.close();
  await gatehouse?.close();
});
afterEach(() => expect(server.warnings).toEqual([]));

const logInAs = async (person: string, scopes?: Parameters<ConsoleServer['keyOf']>[1]) =>
  logIn(browser, server.url, await server.keyOf(person, scopes));
const ask = (question: string) => ({ calls: [call('ask-user', { question })] });

test('the credentials of a run are on its page and in the API, with their state, and never the secret', async () => {
  const agent = await gatehouse.agent({ tier: 'SANDBOX' }, [
    { calls: [call('cloud-credentials', { account: 'dev', role: 'reader', scope: 'read' })] },
    ask('Go on?'),
    { say: 'done' },
  ]);
  const run = await gatehouse.start({ agent, prompt: 'Read the account dev as reader.' });
  const { page, context, complaints } = await logInAs('alice');
  await page.goto(`${server.url}/runs/${run.runId}`);
  const card = page.getByRole('region', { name: 'Credentials' });
  await card.locator('.badge', { hasText: 'valid' }).waitFor();
  expect(await card.innerText()).toMatch(/dev as reader to read/);

  const [credential, ...others] = (await http.json(`/v1/runs/${run.runId}`, 200)).credentials;
  expect(others).toEqual([]);
  expect(credential).toMatchObject({
    ...{ provider: 'static', account: 'dev', role: 'reader', scope: 'read', status: 'issued' },
    endedAt: null,
  });
  expect(await card.innerText()).toContain(credential.handle);

  await run.answerNext('yes');
  await run.outcome();
  await card.locator('.badge', { hasText: /revoked/ }).waitFor();
  const [ended] = (await http.json(`/v1/runs/${run.runId}`, 200)).credentials;
  expect(ended.endedAt).toBeGreaterThanOrEqual(ended.createdAt);
  expect(`${await page.content()}${JSON.stringify(ended)}`).not.toContain(SECRET);
  expect(complaints).toEqual([]);
  await context.close();
});

test('a run is given more budget from its page before it asks, by who may decide', async () => {
  const agent = await gatehouse.agent({ budget: { maxTurns: 2, maxDurationMs: 600_000 } }, [
    ask('First?'),
    ask('Second?'),
    { say: 'done' },
  ]);
  const run = await gatehouse.start({ agent });
  await run.question();
  const { page, context, complaints } = await logInAs('alice');
  const { page: watching, context: watcher } = await logInAs('wanda', ['runs:read', 'runs:write']);
  await watching.goto(`${server.url}/runs/${run.runId}`);
  await watching.getByRole('button', { name: 'Pause' }).waitFor();
  expect(await watching.getByText('Add to its budget').count()).toBe(0);
  await watcher.close();

  await page.goto(`${server.url}/runs/${run.runId}`);
  const add = async (amount: string, of: string) => {
    await page.getByText('Add to its budget').click();
    await page.getByLabel('How much').fill(amount);
    await page.getByLabel('Of what').selectOption(of);
    await page.getByRole('button', { name: 'Add', exact: true }).click();
  };
  await add('3', 'turns');
  await page.locator('dl.budget').getByText('of 5', { exact: true }).waitFor();
  await add('20', 'minutes of acting');
  await page.locator('dl.budget').getByText('of 30 min', { exact: true }).waitFor();
  await page.locator('.timeline').getByText('alice').first().waitFor();
  await run.answerNext('yes');
  await run.answerNext('yes');
  expect(await run.outcome()).toMatchObject({ status: 'COMPLETED' });
  await page.locator('#state .badge', { hasText: 'completed' }).waitFor();
  expect(complaints).toEqual([]);
  await context.close();
});
