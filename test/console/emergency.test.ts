import type { Browser } from 'playwright-core';
import { DEFAULT_PEOPLE_SETTINGS } from '../../src/domain/people-settings';
import { LOCAL_ORGANIZATION } from '../../src/store/organization-store';
import { createPolicyStore } from '../../src/store/policy-store';
import { logIn, openBrowser } from '../support/browser';
import { type ConsoleServer, serveConsole } from '../support/console-server';
import { startReceiver } from '../support/receiver';
import { type Harness, startHarness } from '../support/run-harness';
import { call, DEPLOY_TOOL } from '../support/scripted-agent';
import { waitUntil } from '../support/wait-until';

let gatehouse: Harness;
let server: ConsoleServer;
let browser: Browser;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
let agent: string;

beforeAll(async () => {
  [gatehouse, receiver] = await Promise.all([startHarness(), startReceiver()]);
  await gatehouse.restart('control', { GATEHOUSE_PRIVATE_WEBHOOKS: receiver.host });
  [server, browser] = await Promise.all([
    serveConsole({ ...gatehouse, privateWebhooks: [receiver.host] }),
    openBrowser(),
  ]);
  await gatehouse.organizations.setPeople(LOCAL_ORGANIZATION, DEFAULT_PEOPLE_SETTINGS, 'ada');
  agent = await gatehouse.agent({ name: 'deployer', tier: 'PROD_GATED', tools: [DEPLOY_TOOL] }, [
    { calls: [call('deploy', { to: 'production' })] },
    { say: 'done' },
  ]);
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
  await gatehouse?.close();
  await receiver?.close();
});
afterEach(() => expect(server.warnings).toEqual([]));

const logInAs = async (person: string) => logIn(browser, server.url, await server.keyOf(person));

test('two people break the glass: the banner is on every page until it ends, and one approval is enough meanwhile', async () => {
  const content =
    'Deploys.\n\n```cedar\n@id("two") @ask("two people look at a deploy") @quorum("2")\nforbid (principal, action == Action::"deploy", resource);\n```\n';
  await createPolicyStore(gatehouse.database).publish(
    LOCAL_ORGANIZATION,
    { name: 'Deploys', version: 1, content },
    'ada',
  );
  const run = await gatehouse.start({ agent });
  const [approval] = await run.approvals();
  const [alice, bob, carol] = [await logInAs('alice'), await logInAs('bob'), await logInAs('carol')];
  const banner = (page: typeof alice.page) => page.getByRole('region', { name: 'Break-glass', exact: true });

  await alice.page.goto(`${server.url}/runs/${run.runId}`);
  await alice.page.getByRole('link', { name: 'Break-glass for this run' }).click();
  await alice.page.getByLabel('What the emergency is').fill('the <b>shop</b> is down');
  await alice.page.getByRole('combobox', { name: 'For' }).selectOption('15');
  await alice.page.getByRole('button', { name: 'Ask for it' }).click();
  await alice.page.getByText('Somebody else has to confirm it.').waitFor();
  expect(await alice.page.getByRole('button', { name: 'Confirm it' }).count()).toBe(0);
  expect(await banner(alice.page).count()).toBe(0);

  await bob.page.goto(`${server.url}/break-glass`);
  expect(await bob.page.locator('main').innerText()).toContain('the <b>shop</b> is down');
  await bob.page.getByRole('button', { name: 'Confirm it' }).click();
  await banner(bob.page).waitFor();
  // Carol's page was open all the time.
  await banner(carol.page).waitFor();
  expect(await banner(carol.page).innerText()).toContain('The approvals of alice alone are enough');

  await alice.page.goto(`${server.url}/approvals/${approval!.id}`);
  await alice.page.getByRole('button', { name: 'Approve', exact: true }).click();
  await alice.page.getByText('approved by `alice`').waitFor();
  expect(await run.outcome()).toMatchObject({ status: 'COMPLETED' });

  await carol.page.getByRole('link', { name: 'Look at it' }).click();
  await carol.page.getByRole('button', { name: 'End it now' }).click();
  await carol.page.getByText('ended by').waitFor();
  expect(await banner(carol.page).count()).toBe(0);
  await banner(bob.page).waitFor({ state: 'detached' });
  await carol.page.goto(`${server.url}/audit?text=${encodeURIComponent('is down')}`);
  expect(await carol.page.locator('[data-item]').count()).toBeGreaterThan(0);
  for (const { complaints, context } of [alice, bob, carol]) {
    expect(complaints).toEqual([]);
    await context.close();
  }
});

test('the kill switch holds every run of the organization, says who did it and why, and lets them go on', async () => {
  const run = await gatehouse.start({ agent });
  await run.approvals();
  const { page, context } = await logInAs('alice');
  await page.goto(`${server.url}/halts`);
  const organization = page.getByRole('region', { name: 'The whole organization' });
  await organization.getByText('Change', { exact: true }).click();
  await organization.getByLabel('Reason').fill('a change freeze');
  await organization.getByRole('button', { name: 'Pause' }).click();
  await organization.locator('.badge', { hasText: 'paused' }).waitFor();
  expect(await organization.innerText()).toContain('by alice');
  expect(await organization.innerText()).toContain('a change freeze');
  await run.reaches('PAUSED');
  await organization.getByText('Change', { exact: true }).click();
  await organization.getByLabel('Reason').fill('it is over');
  await organization.getByRole('button', { name: 'Let it go on' }).click();
  await organization.locator('.badge', { hasText: 'runs' }).waitFor();
  await run.reaches('WAITING_APPROVAL');
  await run.denyNext('no');
  await context.close();
});

test('a webhook is added, tried and removed, and the page shows what became of each delivery', async () => {
  const { page, context } = await logInAs('alice');
  await page.goto(`${server.url}/webhooks`);
  await page.getByLabel('Address').fill(receiver.url);
  await page.getByLabel('question', { exact: true }).check();
  await page.getByRole('button', { name: 'Add it' }).click();
  const secret = await page.locator('.notice code').innerText();
  expect(secret).toMatch(/^whsec_/);
  await page.getByRole('button', { name: 'Send a test' }).click();
  await page.getByText('The test was delivered.').waitFor();
  expect(await page.content()).not.toContain(secret);
  expect(await page.content()).not.toContain('/hook<');
  const asker = await gatehouse.agent({}, [
    { calls: [call('ask-user', { question: 'Which?' })] },
    { say: 'done' },
  ]);
  const run = await gatehouse.start({ agent: asker });
  await receiver.gets(2);
  await waitUntil(async () => {
    await page.goto(`${server.url}/webhooks`);
    return (await page.locator('.badge.good', { hasText: 'delivered' }).count()) === 2;
  }, 'both deliveries are shown');
  expect(await page.getByRole('region', { name: 'What was sent' }).innerText()).toContain('question');
  await run.answerNext('this');
  await page.getByText('Remove').click();
  await page.getByRole('button', { name: 'Tell it nothing any more' }).click();
  await page.getByText('Nobody outside is told anything.').waitFor();
  await context.close();
});

test('who may only look sees that it is active, and is offered no step', async () => {
  const { page, context } = await logIn(
    browser,
    server.url,
    await server.keyOf('reader', ['runs:read', 'approvals:read', 'agents:read']),
  );
  await page.goto(`${server.url}/break-glass`);
  expect(await page.getByRole('button', { name: /Confirm|End it|Ask for it/ }).count()).toBe(0);
  expect((await page.goto(`${server.url}/webhooks`))?.status()).toBe(403);
  await context.close();
});
