import type { Browser } from 'playwright-core';
import { LOCAL_ORGANIZATION } from '../../src/store/organization-store';
import { createPolicyStore } from '../../src/store/policy-store';
import { logIn, openBrowser } from '../support/browser';
import { type ConsoleServer, serveConsole } from '../support/console-server';
import { type Harness, startHarness } from '../support/run-harness';
import { call, DEPLOY_TOOL } from '../support/scripted-agent';

let gatehouse: Harness;
let server: ConsoleServer;
let browser: Browser;

beforeAll(async () => {
  gatehouse = await startHarness();
  [server, browser] = await Promise.all([serveConsole(gatehouse), openBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
  await gatehouse?.close();
});
afterEach(() => expect(server.warnings).toEqual([]));

const logInAs = async (person: string) => logIn(browser, server.url, await server.keyOf(person));
const clean = { calls: [call('run-command', { command: 'rm -rf build' })] };

test('a run is stopped for good from its page, which says by whom', async () => {
  const agent = await gatehouse.agent({ tier: 'PROD_GATED', tools: [DEPLOY_TOOL] }, [
    { calls: [call('deploy', { to: 'production' })] },
    { say: 'never' },
  ]);
  const run = await gatehouse.start({ agent });
  await run.approvals();
  const { page, context, complaints } = await logInAs('alice');
  await page.goto(`${server.url}/runs/${run.runId}`);
  await page.getByText('Stop for good').click();
  await page.getByRole('button', { name: 'Stop the run' }).click();
  expect(await run.outcome()).toMatchObject({ status: 'CANCELLED' });
  await page.locator('#state .badge', { hasText: 'stopped' }).waitFor();
  await page.locator('#state').getByText('alice').waitFor();
  expect(await page.getByRole('button', { name: 'Stop the run' }).count()).toBe(0);
  expect(complaints).toEqual([]);
  await context.close();
});

test('what is approved for the rest of a run is listed, and asked about again once it is revoked', async () => {
  const agent = await gatehouse.agent({ tier: 'SANDBOX' }, [
    clean,
    clean,
    { calls: [call('ask-user', { question: 'Go on?' })] },
    clean,
    { say: 'done' },
  ]);
  const run = await gatehouse.start({ agent });
  const [{ id }] = (await run.approvals()) as [{ id: string }, ...unknown[]];
  const { page, context, complaints } = await logInAs('alice');
  await page.goto(`${server.url}/approvals/${id}`);
  await page.getByRole('button', { name: 'Approve for the rest of the run' }).click();
  await page.getByText('approved by `alice`').waitFor();
  // The same action again needs nobody: the run comes to its question.
  await run.question();

  await page.goto(`${server.url}/runs/${run.runId}`);
  const onRun = page.getByRole('region', { name: 'Approved for the rest of the run' });
  expect(await onRun.innerText()).toContain('rm -rf build');
  await page.goto(server.url);
  await page.getByRole('link', { name: 'What is approved for whole runs' }).click();
  await page.getByText('rm -rf build').waitFor();
  await page.getByRole('button', { name: 'Ask again from now on' }).click();
  await page.getByText('Nothing is approved for a whole run').waitFor();
  await page.goto(`${server.url}/runs/${run.runId}`);
  expect(await onRun.innerText()).toContain('revoked by alice');

  await run.answerNext('yes');
  await page.getByRole('link', { name: 'Decide on run-command' }).waitFor();
  await run.denyNext('no more');
  expect(await run.outcome()).toMatchObject({ status: 'COMPLETED' });
  expect(complaints).toEqual([]);
  await context.close();
});

test('a change of production cannot be approved for the rest of a run, and the page does not offer it', async () => {
  const agent = await gatehouse.agent({ tier: 'PROD_GATED', tools: [DEPLOY_TOOL] }, [
    { calls: [call('deploy', { to: 'production' })] },
    { say: 'done' },
  ]);
  const run = await gatehouse.start({ agent });
  const [approval] = await run.approvals();
  const { page, context } = await logInAs('alice');
  await page.goto(`${server.url}/approvals/${approval!.id}`);
  await page.getByRole('button', { name: 'Approve', exact: true }).waitFor();
  expect(await page.getByRole('button', { name: 'rest of the run' }).count()).toBe(0);
  await run.denyNext('no');
  await run.outcome();
  await context.close();
});

test('more budget is asked for as an approval, and other amounts are given', async () => {
  const agent = await gatehouse.agent({ onBudget: 'topUp', budget: { maxTurns: 1 } }, [
    { calls: [call('read-file', { path: 'README.md' })] },
    { calls: [call('read-file', { path: 'main.tf' })] },
    { say: 'done' },
  ]);
  const { page, context, complaints } = await logInAs('alice');
  const run = await gatehouse.start({ agent });
  await page.getByRole('link', { name: 'Approval: top-up' }).waitFor();
  expect(await page.locator('.arguments').first().innerText()).toContain('maxTurns');
  await page.getByRole('link', { name: 'Review and decide' }).click();
  await page.getByText('What would be added to the run’s limits').waitFor();
  expect(await page.locator('main').innerText()).not.toContain('written by the model');
  expect(await page.getByRole('button', { name: 'rest of the run' }).count()).toBe(0);
  await page.getByText('Approve other amounts').click();
  await page.getByLabel('Arguments, as JSON').fill('{"maxTurns": 7}');
  await page.getByRole('button', { name: 'Look at the edit' }).click();
  await page.getByRole('button', { name: 'Approve these amounts' }).click();
  await page.getByText('approved with other arguments by `alice`').waitFor();
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'done' });
  await page.goto(`${server.url}/runs/${run.runId}`);
  // How much was given no event says, so that no limit is claimed.
  expect(await page.locator('dl.budget').innerText()).not.toContain('of 1');
  expect(complaints).toEqual([]);
  await context.close();
});

test('a patch that is held is shown as a difference before it is decided', async () => {
  const content =
    'Patches.\n\n```cedar\n@id("look") @ask("somebody looks at a patch")\nforbid (principal, action == Action::"apply-patch", resource);\n```\n';
  await createPolicyStore(gatehouse.database).publish(
    LOCAL_ORGANIZATION,
    { name: 'Patches', version: 1, content },
    'rita',
  );
  const patch = [
    '--- a/main.tf',
    '+++ b/main.tf',
    '@@ -1 +1 @@',
    '-resource "aws_s3_bucket" "logs" {}',
    '+resource "aws_s3_bucket" "audit-logs" {}',
    '',
  ].join('\n');
  const agent = await gatehouse.agent({ tier: 'DRAFT' }, [
    { calls: [call('apply-patch', { patch })] },
    { capture: { outcome: { from: 'apply-patch', pattern: '([^]*)' } }, say: 'came to: {{outcome}}' },
  ]);
  const run = await gatehouse.start({ agent });
  const [approval] = await run.approvals();
  const { page, context } = await logInAs('alice');
  await page.goto(`${server.url}/approvals/${approval!.id}`);
  await page.getByText('The patch').waitFor();
  expect(await page.locator('.line.remove').innerText()).toContain('"logs"');
  expect(await page.locator('.line.add').innerText()).toContain('"audit-logs"');
  await page.getByRole('button', { name: 'Approve', exact: true }).click();
  await page.getByText('approved by `alice`').waitFor();
  expect(await run.outcome()).toMatchObject({ status: 'COMPLETED' });
  await context.close();
});
