/**
 * `npm run screenshots`: writes docs/images/*.png, the console with what the demo's runs left and what two of them wait
 * for, light and dark.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { exampleRepository } from '../src/cli/demo-repository';
import { type Commands, openCommands } from '../src/commands/commands';
import { hostEnvironment } from '../src/config';
import { startGatehouse } from '../src/embedded/gatehouse';
import { logIn, openBrowser } from '../test/support/browser';
import { serveConsole } from '../test/support/console-server';
import { waitUntil } from '../test/support/wait-until';

const IMAGES = join(__dirname, '../docs/images');
const PROMPT = 'Bring this repository in line with our policies, one finding at a time.';
const DATABASE = 'Encrypt the orders database';

async function main(): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-screenshots-'));
  const note = (line: string) => console.error(line);
  const gatehouse = await startGatehouse({
    dataDir,
    environment: hostEnvironment(),
    modelKeys: {},
    progress: note,
    warn: note,
  });
  const { addresses } = gatehouse;
  const { commands, close } = await openCommands(addresses);
  const server = await serveConsole({
    databaseUrl: addresses.databaseUrl,
    temporalAddress: addresses.temporal,
    namespace: addresses.namespace,
    folder: dataDir,
  });
  const browser = await openBrowser();
  try {
    const repo = await exampleRepository(join(dataDir, 'demo'));
    const start = async () => {
      const { runId } = await commands.startRun({ agent: 'demo', prompt: PROMPT, repo, requestedBy: 'rita' });
      return runId;
    };
    const finished = await start();
    await answer(commands, finished);
    await decide(commands, finished);
    const held = await start();
    await answer(commands, held);
    const [approval] = await pending(commands, held, 'approvals');
    await pending(commands, await start(), 'questions');

    await commands.haltAgent({
      agent: await anotherAgent(commands),
      halt: 'stopped',
      by: 'olga',
      reason: 'odd deploys tonight; looked at tomorrow',
    });

    const key = readFileSync(addresses.keyFile, 'utf8').trim();
    mkdirSync(IMAGES, { recursive: true });
    const shots = {
      inbox: '',
      approval: `/approvals/${approval!.id}`,
      run: `/runs/${finished}`,
      policies: `/policies/${encodeURIComponent('Encryption Requirements')}`,
      halts: '/halts',
    };
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, context } = await logIn(browser, server.url, key, {
        colorScheme,
        viewport: { width: 1200, height: 820 },
        reducedMotion: 'reduce',
      });
      for (const [name, path] of Object.entries(shots))
        await shoot(page, `${server.url}${path}`, join(IMAGES, `${name}-${colorScheme}.png`));
      await context.close();
    }
    const { page } = await logIn(browser, server.url, key, {
      viewport: { width: 390, height: 844 },
      reducedMotion: 'reduce',
    });
    await shoot(page, `${server.url}${shots.approval}`, join(IMAGES, 'phone.png'));
    // Last, since its banner is on every page.
    await breakGlass(commands);
    const emergency = await logIn(browser, server.url, key, {
      colorScheme: 'light',
      viewport: { width: 1200, height: 820 },
      reducedMotion: 'reduce',
    });
    await shoot(emergency.page, `${server.url}/break-glass`, join(IMAGES, 'break-glass-light.png'));
    await emergency.context.close();
  } finally {
    await browser.close();
    await server.close();
    await close();
    await gatehouse.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** One that none of the runs is of. */
async function anotherAgent(commands: Commands): Promise<string> {
  const names = (await commands.listAgents()).map(({ definition }) => definition.name);
  return names.find((name) => name !== 'demo') ?? 'demo';
}

async function breakGlass(commands: Commands): Promise<void> {
  await commands.setPeopleSettings({ settings: { isSingleOperator: false } });
  const { id } = await commands.requestBreakGlass({
    by: 'rita',
    reason: 'the shop is down, and the second engineer is on a plane',
    scope: { kind: 'agent', agent: 'demo' },
  });
  await commands.confirmBreakGlass({ id, by: 'olga' });
}

async function shoot(page: Page, url: string, path: string): Promise<void> {
  await page.goto(url);
  await page.locator('h1').waitFor();
  await page.screenshot({ path });
  console.error(`wrote ${path}`);
}

async function answer(commands: Commands, runId: string): Promise<void> {
  const [question] = await pending(commands, runId, 'questions');
  await commands.answer({ questionId: question!.id, answer: DATABASE, by: 'rita' });
}

async function decide(commands: Commands, runId: string): Promise<void> {
  const [approval] = await pending(commands, runId, 'approvals');
  const { id, actionHash } = approval!;
  await commands.decide({ approvalId: id, decision: 'approve', by: 'sam', actionHash });
  await waitUntil(async () => (await commands.showRun(runId)).endedAt !== null, 'the run ends', 120_000);
}

async function pending<Kind extends 'approvals' | 'questions'>(
  commands: Commands,
  runId: string,
  kind: Kind,
) {
  const waiting = async () => (await commands.listPending(runId))[kind];
  await waitUntil(async () => (await waiting()).length > 0, `${kind} of run ${runId}`, 120_000);
  return waiting();
}

void main();
