import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { findProgram } from '../../src/embedded/programs';

/** Starts Debian's Chromium. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = await findProgram('chromium', process.env);
  if (executablePath === null)
    throw new Error('`chromium` is missing: `npm test` installs it or says which command does');
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

export interface OpenedPage {
  page: Page;
  context: BrowserContext;
  /** Whatever the browser complained of: refused scripts and styles, failed requests, errors of scripts. */
  complaints: string[];
}

/** A page of somebody's own browser, logged in with an API key. */
export async function logIn(
  browser: Browser,
  url: string,
  key: string,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<OpenedPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(url);
  await page.getByLabel('API key').fill(key);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.waitForURL((address) => !address.pathname.endsWith('/login'));
  return { page, context, complaints };
}
