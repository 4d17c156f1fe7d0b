import { setTimeout as pause } from 'node:timers/promises';

/** Asks again and again until the answer is true; throws after `withinMs`. */
export async function waitUntil(
  claim: () => boolean | Promise<boolean>,
  what: string,
  withinMs = 30_000,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await claim())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await pause(25);
  }
}
