import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { LOCAL_ORGANIZATION } from '../../src/store/organization-store';
import { createPolicyStore } from '../../src/store/policy-store';
import { logIn, openBrowser } from '../support/browser';
import { type ConsoleServer, serveConsole } from '../support/console-server';
import { type Harness, startHarness } from '../support/run-harness';
import { call, DEPLOY_TOOL } from '../support/scripted-agent';
import type { TestRun } from '../support/test-run';

const HOSTILE = [
  '<script>document.title = "owned"</script><img src=x onerror=alert(1)>',
  '\u001b[31mred\u001b[0m and pay\u202elapyap and p\u0430ypal.com',
  '[click](https://evil.example) <a href="https://evil.example">here</a>',
  '"><style>*{display:none}</style><div hx-get="/console/logout" hx-trigger="load">',
  'verylong'.repeat(3_000),
].join('\n');

/** Prove the rule that the policy gets here. */
const TESTS = `- name: a deploy is refused
  agent: { tier: PROD_GATED }
  tools: [{ name: deploy, description: Deploys., effect: production, parameters: { type: object }, sensitive: [] }]
  call: { tool: deploy, args: {} }
  expect: { verdict: deny, reason: { layer: organization, rule: deploys/none } }
`;

let gatehouse: Harness;
let server: ConsoleServer;
let browser: Browser;
let asking: TestRun;
let deploying: TestRun;
let approvalId: string;

beforeAll(async () => {
  gatehouse = await startHarness();
  [server, browser] = await Promise.all([serveConsole(gatehouse), openBrowser()]);
  const content = '## Policy: Deploys\n- Deploys MUST be looked at\n';
  await createPolicyStore(gatehouse.database).publish(
    LOCAL_ORGANIZATION,
    { name: 'Deploys', version: 1, content },
    'rita',
  );
  const asker = await gatehouse.agent({ name: 'asker' }, [
    { say: HOSTILE, calls: [call('read-file', { path: 'README.md' })] },
    {
      calls: [
        call('ask-user', { question: HOSTILE.slice(0, 1_500), options: [HOSTILE.slice(0, 180), 'blue'] }),
      ],
    },
    { say: 'thanks' },
  ]);
  const deployer = await gatehouse.agent({ name: 'deployer', tier: 'PROD_GATED', tools: [DEPLOY_TOOL] }, [
    { say: HOSTILE, calls: [call('deploy', { to: HOSTILE })] },
    { say: 'done' },
  ]);
  asking = await gatehouse.start({ agent: asker, prompt: HOSTILE });
  deploying = await gatehouse.start({ agent: deployer });
  approvalId = (await deploying.approvals())[0]!.id;
  await asking.question();
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
  await gatehouse?.close();
});

/** Every page, by its path. */
const pages = () => [
  '',
  `/approvals/${approvalId}`,
  '/runs',
  `/runs/${asking.runId}`,
  `/runs/${deploying.runId}`,
  '/policies',
  '/policies/Deploys',
  '/policies/-/candidate?name=Deploys',
  '/agents',
  '/agents/deployer',
  '/audit',
  '/people',
  '/halts',
  '/break-glass',
  '/break-glass?run=abc',
  '/standing',
  '/webhooks',
  '/nowhere',
];

const logInAs = async (person: string, options: Parameters<Browser['newContext']>[0] = {}) =>
  logIn(browser, server.url, await server.keyOf(person), options);

test('what a model wrote stays text on every page: no markup, no links, no styles, and nothing hidden', async () => {
  const { page, context, complaints } = await logInAs('alice');
  for (const path of pages().filter((each) => each !== '/nowhere')) {
    await page.goto(`${server.url}${path}`);
    expect(await page.title()).toContain('Gatehouse');
    expect(
      await page
        .locator('a[href*="evil"], img[src="x"], main script, main style, [hx-trigger="load"]')
        .count(),
    ).toBe(0);
    const text = await page.locator('body').innerText();
    expect([...text].filter((character) => '\u001b\u202e\u0430'.includes(character))).toEqual([]);
  }
  await page.goto(`${server.url}/runs/${asking.runId}`);
  const said = await page.locator('.timeline .theirs').first().innerText();
  expect(said).toContain('Written by the model');
  expect(said).toContain('<script>document.title = "owned"</script>');
  expect(said).toContain('\\u{1b}[31mred');
  expect(said).toContain('pay\\u{202e}lapyap');
  expect(said).toContain('p\\u{430}ypal.com');
  expect(await page.locator('mark.hidden-character').first().innerText()).toBe('\\u{1b}');
  expect(complaints).toEqual([]);
  expect(server.warnings).toEqual([]);
  await context.close();
});

test('no page scrolls sideways on a phone of 390 pixels', async () => {
  const { page, context } = await logInAs('alice', { viewport: { width: 390, height: 844 } });
  for (const path of [...pages(), '/login']) {
    await page.goto(`${server.url}${path}`);
    const width = await page.evaluate('document.documentElement.scrollWidth');
    expect([path, width]).toEqual([path, 390]);
  }
  await context.close();
});

test.each(['light', 'dark'] as const)('axe finds nothing serious on any page in %s', async (colorScheme) => {
  const { page, context } = await logInAs('alice', { colorScheme, reducedMotion: 'reduce' });
  for (const path of [...pages(), '/login']) {
    await page.goto(`${server.url}${path}`);
    expect([path, await seriousFindings(page)]).toEqual([path, []]);
  }
  await context.close();
});

test('everything can be done with the keyboard alone', async () => {
  const { page, context } = await logInAs('alice');
  const focused = () => page.evaluate('document.activeElement.textContent.trim()');
  await page.keyboard.press('Tab');
  expect(await focused()).toBe('Skip to the content');
  await page.keyboard.press('?');
  expect(await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).isVisible()).toBe(true);
  await page.keyboard.press('Escape');
  await page.keyboard.press('j');
  const first = await focused();
  await page.keyboard.press('j');
  expect(await focused()).not.toBe(first);
  await page.keyboard.press('k');
  expect(await focused()).toBe(first);
  expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');

  // To the approval, whichever of the two entries it is.
  if (!String(first).includes('deploy')) await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.waitForURL(/approvals/);
  await page.keyboard.press('d');
  await page.keyboard.type('a');
  expect(await page.getByLabel('Reason of a denial').inputValue()).toBe('a');
  await page.keyboard.type(' closed window');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByText('denied by `alice`').waitFor();
  expect(await deploying.outcome()).toMatchObject({ status: 'COMPLETED' });
  await context.close();
});

test('a policy is tried, published, compared and taken back', async () => {
  const { page, context } = await logInAs('alice');
  await page.goto(`${server.url}/policies/Deploys`);
  await page.getByRole('link', { name: 'Edit and simulate' }).click();
  const text = page.getByLabel('Text of the policy');
  await text.fill('no front matter');
  await page.getByRole('button', { name: 'Simulate' }).click();
  await page.getByText('must begin with front matter').waitFor();
  await text.fill(
    '---\nname: Deploys\nversion: 2\n---\n## Policy: Deploys\n- Deploys MUST NOT happen\n\n```cedar\n@id("none") @enforces("Deploys MUST NOT")\nforbid (principal, action == Action::"deploy", resource);\n```\n',
  );
  await page.getByRole('button', { name: 'Simulate' }).click();
  await page.getByRole('heading', { name: 'What it would change' }).waitFor();
  expect(await page.locator('.rows').first().innerText()).toContain('deploy');
  const proven = page.getByRole('region', { name: 'What it enforces, by its tests' });
  expect(await proven.innerText()).toContain('the policy has no tests');
  await page.getByText('Tests beside the file').click();
  await page.getByLabel('Tests of the policy, as YAML').fill(TESTS);
  await page.getByRole('button', { name: 'Simulate' }).click();
  await proven.locator('.badge.good', { hasText: 'enforced' }).waitFor();
  expect(await proven.innerText()).toContain('1 test: a deploy is refused');
  await page.getByRole('button', { name: 'Publish it' }).click();
  await page.getByText('version 2').first().waitFor();
  const enforced = page.getByRole('region', { name: 'What it enforces, by its tests' });
  expect(await enforced.innerText()).toContain('deploys/none · 1 test: a deploy is refused');
  await page.getByText('Its tests', { exact: true }).click();
  expect(await page.getByRole('region', { name: /^Tests/ }).innerText()).toContain(
    '- name: a deploy is refused',
  );
  await page.getByRole('link', { name: 'Edit and simulate' }).click();
  // A test that fails keeps a policy from being published here as well.
  const tests = page.getByLabel('Tests of the policy, as YAML');
  await tests.fill((await tests.inputValue()).replace('verdict: deny', 'verdict: ask'));
  await page.getByRole('button', { name: 'Simulate' }).click();
  await page.getByRole('button', { name: 'Publish it' }).click();
  await page.getByText('it does not pass its check').waitFor();
  await page.goto(`${server.url}/policies/Deploys?version=1`);
  await page.getByText('version 1, of 2').waitFor();
  await page.getByRole('link', { name: 'difference' }).click();
  expect(await page.locator('.line.add').first().innerText()).toContain('MUST NOT happen');
  await page.goBack();
  await page.getByText('Go back').click();
  await page.getByRole('button', { name: 'Publish version 1 again' }).click();
  await page.getByText('version 3').first().waitFor();
  await context.close();
});

test('the timeline of a run grows without reload, and the run is paused, resumed and stopped from its page', async () => {
  const { page, context } = await logInAs('alice');
  await page.goto(`${server.url}/runs/${asking.runId}`);
  await page.getByLabel('Reason').fill('a moment');
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('button', { name: 'Resume' }).waitFor();
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.getByRole('button', { name: 'Pause' }).waitFor();
  const question = await asking.question();
  await asking.answer({ questionId: question.id, answer: 'blue', by: 'bob' });
  await page.locator('.timeline').getByText('answered').first().waitFor();
  await page.locator('#state').getByText('completed').waitFor();
  const keys = await page
    .locator('.timeline [data-key]')
    .evaluateAll((nodes) => nodes.map((node) => node.getAttribute('data-key')));
  expect(new Set(keys).size).toBe(keys.length);
  await context.close();
});

test('the kill switch stops an agent and lets it go on, with a reason that the audit finds', async () => {
  const { page, context } = await logInAs('alice');
  await page.goto(`${server.url}/halts`);
  const agent = page.locator('li', { hasText: 'deployer' });
  await agent.getByText('Change').click();
  await agent.getByLabel('Reason').fill('odd deploys tonight');
  await agent.getByRole('button', { name: 'Stop' }).click();
  await agent.getByText('stopped').waitFor();
  await page.goto(`${server.url}/audit?text=odd+deploys`);
  expect(await page.locator('[data-item]').count()).toBeGreaterThan(0);
  await page.goto(`${server.url}/halts`);
  await agent.getByText('Change').click();
  await agent.getByLabel('Reason').fill('looked at');
  await agent.getByRole('button', { name: 'Let it go on' }).click();
  await agent.getByText('runs', { exact: false }).waitFor();
  await context.close();
});

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

/** What axe calls serious or critical, with where it is. */
async function seriousFindings(page: Page): Promise<string[]> {
  // Through the debugger, which the page's own policy does not bind.
  await page.evaluate(AXE);
  const { violations } = (await page.evaluate('axe.run()')) as {
    violations: { id: string; impact: string; nodes: { html: string }[] }[];
  };
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200)}`);
}
