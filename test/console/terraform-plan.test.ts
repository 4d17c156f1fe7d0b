import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { type Commands, createCommands, openStores } from '../../src/commands/commands';
import { openWorkflowClient } from '../../src/commands/workflow-client';
import { savedPlan } from '../../src/tools/terraform';
import { logIn, openBrowser } from '../support/browser';
import { type ConsoleServer, serveConsole } from '../support/console-server';
import { type Harness, startHarness } from '../support/run-harness';
import { call } from '../support/scripted-agent';

/** What terraform 1.11.4 printed in a run, for a folder and then for another one. */
const recorded = (name: string) => readFileSync(join(__dirname, 'recorded', `${name}.txt`), 'utf8');
const PLAN = recorded('terraform-plan');
const OTHER = recorded('terraform-plan-of-another-folder');

let gatehouse: Harness;
let server: ConsoleServer;
let browser: Browser;
let close: () => Promise<void>;

beforeAll(async () => {
  gatehouse = await startHarness();
  const temporal = await openWorkflowClient({
    address: gatehouse.temporalAddress,
    namespace: gatehouse.namespace,
  });
  close = () => temporal.close();
  const stores = openStores(gatehouse.database);
  // The run is real but for terraform, which need not be on this machine: its outputs are the recorded ones.
  const commandsFor = ({ organizationId }: { organizationId: string }): Commands => ({
    ...createCommands({ ...stores, organizationId, temporal, signer: null }),
    showOutputs: async () => [{ text: OTHER }, { text: PLAN }],
  });
  [server, browser] = await Promise.all([
    serveConsole({ ...gatehouse, changes: { commandsFor } }),
    openBrowser(),
  ]);
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
  await close?.();
  await gatehouse?.close();
});
afterEach(() => expect(server.warnings).toEqual([]));

/** The page on which the apply of a plan is decided. */
async function applying(
  plan: string,
  look: (page: Page) => Promise<void>,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<void> {
  const agent = await gatehouse.agent({ tier: 'PROD_GATED' }, [
    { calls: [call('terraform-apply', { path: '.', plan })] },
    { say: 'done' },
  ]);
  const run = await gatehouse.start({ agent });
  const [approval] = await run.approvals();
  const { page, context, complaints } = await logIn(
    browser,
    server.url,
    await server.keyOf('alice'),
    options,
  );
  await page.goto(`${server.url}/approvals/${approval!.id}`);
  await look(page);
  expect(complaints).toEqual([]);
  await context.close();
  await run.denyNext('looked at');
  await run.outcome();
}

/** The lines of the plan by how they are marked. */
const marked = (page: Page, kind: string) => page.locator(`.diff .line.${kind}`).allInnerTexts();

test('an apply shows the very plan that it names: what it comes to, and each change marked for what it is', async () => {
  await applying(savedPlan(PLAN)!, async (page) => {
    const card = page.getByRole('region', { name: 'Exactly what will run' });
    for (const [tone, text] of [
      ['good', '2 to add'],
      ['wait', '1 to change'],
      ['bad', '1 to destroy'],
    ] as const)
      await card.locator(`.badge.${tone}`, { hasText: text }).waitFor();
    const text = await page.getByRole('region', { name: 'The plan as terraform printed it' }).innerText();
    expect(text).toMatch(/^Terraform used the selected providers/);
    expect(text).not.toContain('Refreshing state');
    expect(text).not.toContain('10.0.0.0/16');
    const lines = async (kind: string) => (await marked(page, kind)).map((line) => line.trim());
    expect(await lines('add')).toEqual(
      expect.arrayContaining(['+ resource "terraform_data" "queue" {', '+ name = "prod-orders-sqs"']),
    );
    expect(await lines('change')).toEqual(
      expect.arrayContaining(['~ backup_days       = 14 -> 30', '~ "eu-central-1" -> "eu-west-1",']),
    );
    // What is replaced is destroyed first.
    expect(await lines('remove')).toEqual(
      expect.arrayContaining([
        '# terraform_data.bucket must be replaced',
        '-/+ resource "terraform_data" "bucket" {',
        '- database = "prod-orders-rds" -> null',
      ]),
    );
  });
}, 60_000);

test('a plan is read on a phone in the dark, without scrolling the page sideways', async () => {
  await applying(
    savedPlan(OTHER)!,
    async (page) => {
      await page.locator('.badge.quiet', { hasText: '0 to destroy' }).waitFor();
      expect(await page.locator('.diff').innerText()).toContain('10.0.0.0/16');
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    },
    { viewport: { width: 390, height: 844 }, colorScheme: 'dark' },
  );
}, 60_000);

test('no plan is shown for an apply of one that no output of the run names', async () => {
  await applying('b'.repeat(64), async (page) => {
    await page.getByText('no plan of this run that is at hand has the name').waitFor();
    expect(await page.locator('.diff').count()).toBe(0);
  });
}, 60_000);

test('an apply without a plan is refused at once, and asks nobody', async () => {
  const agent = await gatehouse.agent({ tier: 'PROD_GATED' }, [
    { calls: [call('terraform-apply')] },
    { capture: { first: { from: 1, pattern: '([^]*)' } }, say: '{{first}}' },
  ]);
  const run = await gatehouse.start({ agent });
  expect(await run.outcome()).toEqual({
    status: 'COMPLETED',
    text: expect.stringContaining('name the plan: `plan` is what terraform-plan said in its last line'),
  });
});
