import type { Browser, Page } from 'playwright-core';
import { LOCAL_ORGANIZATION } from '../../src/store/organization-store';
import { createPolicyStore } from '../../src/store/policy-store';
import { logIn, openBrowser } from '../support/browser';
import { type ConsoleServer, serveConsole } from '../support/console-server';
import { type Harness, startHarness } from '../support/run-harness';
import { call, DEPLOY_TOOL } from '../support/scripted-agent';

let gatehouse: Harness;
let server: ConsoleServer;
let browser: Browser;
let deployer: string;

const outcomeTurn = {
  capture: { outcome: { from: 'deploy', pattern: '([^]*)' } },
  say: 'came to: {{outcome}}',
};

beforeAll(async () => {
  gatehouse = await startHarness();
  [server, browser] = await Promise.all([serveConsole(gatehouse), openBrowser()]);
  deployer = await gatehouse.agent({ tier: 'PROD_GATED', tools: [DEPLOY_TOOL] }, [
    { calls: [call('deploy', { to: 'production' })] },
    outcomeTurn,
  ]);
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
  await gatehouse?.close();
});
afterEach(() => expect(server.warnings).toEqual([]));

const logInAs = async (person: string) => logIn(browser, server.url, await server.keyOf(person));

test('a run that reaches an approval appears without reload, and goes on once it is approved', async () => {
  const { page, context, complaints } = await logInAs('alice');
  await page.getByText('Nothing waits').waitFor();
  expect(await page.title()).toBe('Inbox · Gatehouse');
  const run = await gatehouse.start({ agent: deployer });
  await page.getByRole('link', { name: 'Approval: deploy' }).waitFor();
  await expectTitle(page, '(1) Inbox · Gatehouse');

  await page.getByRole('link', { name: 'Review and decide' }).click();
  await page.getByText('production').first().waitFor();
  expect(await page.locator('.arguments').innerText()).toContain('production');
  expect(await page.locator('.reasons').first().innerText()).toContain('tier/production');
  await page.getByRole('button', { name: 'Approve', exact: true }).click();
  await page.getByText('approved by `alice`').waitFor();
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'came to: {"to":"production"}' });
  expect(complaints).toEqual([]);
  await context.close();
});

test('a denial needs a reason, which the model is told', async () => {
  const { page, context } = await logInAs('alice');
  const run = await gatehouse.start({ agent: deployer });
  await page.getByRole('link', { name: 'Review and decide' }).click();
  await page.getByRole('button', { name: 'Deny' }).click();
  expect(await page.getByLabel('Reason of a denial').evaluate((field) => field.matches(':invalid'))).toBe(
    true,
  );
  await page.getByLabel('Reason of a denial').fill('the window is closed');
  await page.getByRole('button', { name: 'Deny' }).click();
  await page.getByText('denied by `alice`').waitFor();
  expect(await run.outcome()).toMatchObject({ text: 'came to: denied by alice: the window is closed' });
  await context.close();
});

test('edited arguments are refused where they are no JSON, shown as a difference, and gated again', async () => {
  const { page, context } = await logInAs('alice');
  const run = await gatehouse.start({ agent: deployer });
  const [first] = await run.approvals();
  await page.goto(`${server.url}/approvals/${first!.id}`);
  await page.getByText('Approve with other arguments').click();
  await page.getByLabel('Arguments, as JSON').fill('{"to": ');
  await page.getByRole('button', { name: 'Look at the edit' }).click();
  await page.getByText('the arguments are no JSON').waitFor();

  await page.goto(`${server.url}/approvals/${first!.id}`);
  await page.getByText('Approve with other arguments').click();
  await page.getByLabel('Arguments, as JSON').fill('{"to": "staging"}');
  await page.getByRole('button', { name: 'Look at the edit' }).click();
  expect(await page.locator('.line.add').innerText()).toContain('"to": "staging"');
  expect(await page.locator('.line.remove').innerText()).toContain('"to": "production"');
  await page.getByRole('button', { name: 'Approve with these arguments' }).click();
  await page.getByText('approved with other arguments by `alice`').waitFor();
  expect((await run.approveNext('bob')).args).toBe('{"to":"staging"}');
  expect(await run.outcome()).toMatchObject({ text: 'came to: {"to":"staging"}' });
  await context.close();
});

test('a question is answered in place by one of its options', async () => {
  const asker = await gatehouse.agent({}, [
    { calls: [call('ask-user', { question: 'Which one?', options: ['red', 'blue'] })] },
    { capture: { answer: { from: 'ask-user', pattern: '([^]*)' } }, say: 'answer: {{answer}}' },
  ]);
  const { page, context } = await logInAs('alice');
  const run = await gatehouse.start({ agent: asker });
  await page.getByRole('button', { name: 'blue' }).click();
  await page.getByText('The answer is given').waitFor();
  await page.getByText('Nothing waits').waitFor();
  expect(await run.outcome()).toMatchObject({ text: expect.stringContaining('blue') });
  await context.close();
});

test('what is being typed stays while the list changes', async () => {
  const asker = await gatehouse.agent({}, [
    { calls: [call('ask-user', { question: 'How many?' })] },
    { capture: { answer: { from: 'ask-user', pattern: '([^]*)' } }, say: 'answer: {{answer}}' },
  ]);
  const { page, context } = await logInAs('alice');
  const asking = await gatehouse.start({ agent: asker });
  await page.getByLabel('Your own answer').fill('forty-');
  const deploying = await gatehouse.start({ agent: deployer });
  await page.getByRole('link', { name: 'Approval: deploy' }).waitFor();
  await page.keyboard.type('two');
  await page.keyboard.press('Enter');
  expect(await asking.outcome()).toMatchObject({ text: expect.stringContaining('forty-two') });
  await deploying.denyNext('done with it');
  await page.getByText('Nothing waits').waitFor();
  await context.close();
});

test('several approvals are decided as a batch, each as it was shown', async () => {
  const { page, context } = await logInAs('alice');
  const runs = [await gatehouse.start({ agent: deployer }), await gatehouse.start({ agent: deployer })];
  await page.getByRole('checkbox').nth(1).waitFor();
  for (const box of await page.getByRole('checkbox').all()) await box.check();
  await page.getByRole('button', { name: 'Approve selected' }).click();
  await page.getByText('2 of 2 approved.').waitFor();
  for (const run of runs) expect(await run.outcome()).toMatchObject({ status: 'COMPLETED' });
  await context.close();
});

test('two people are needed for a quorum of two, and each sees the other', async () => {
  const policies = createPolicyStore(gatehouse.database);
  const content =
    'Deploys.\n\n```cedar\n@id("two") @ask("two people look at a deploy") @quorum("2")\nforbid (principal, action == Action::"deploy", resource);\n```\n';
  await policies.publish(LOCAL_ORGANIZATION, { name: 'Deploys', version: 1, content }, 'rita');
  const run = await gatehouse.start({ agent: deployer });
  const [alice, bob] = [await logInAs('alice'), await logInAs('bob')];
  for (const { page } of [alice, bob]) await page.getByRole('link', { name: 'Review and decide' }).click();
  await bob.page.getByText('2 distinct approvers').waitFor();
  await alice.page.getByRole('button', { name: 'Approve', exact: true }).click();
  await alice.page.getByText('1 of 2').waitFor();
  await bob.page.getByText('1 of 2').waitFor();
  await bob.page.getByRole('button', { name: 'Approve', exact: true }).click();
  await alice.page.getByText('approved by `alice`, `bob`').waitFor();
  expect(await run.outcome()).toMatchObject({ status: 'COMPLETED' });
  for (const { context } of [alice, bob]) await context.close();
});

async function expectTitle(page: Page, title: string): Promise<void> {
  await page.waitForFunction(`document.title === ${JSON.stringify(title)}`);
}
