import { rmSync, writeFileSync } from 'node:fs';
import type { Worker } from '@temporalio/worker';

const INTERVAL_MS = 5_000;

/**
 * Touches a file for as long as the workers poll and this process gets to its timers: for a probe that can run a command
 * and reach no port, `test -n "$(find FILE -mmin -1)"`.
 *
 * @returns ends it, and removes the file
 */
export function keepAliveFile(file: string, workers: readonly Pick<Worker, 'getState'>[]): () => void {
  const touch = () => {
    if (!workers.every((worker) => worker.getState() === 'RUNNING')) return;
    try {
      writeFileSync(file, '');
    } catch {
      // No room for it: the probe says so, the runs go on.
    }
  };
  touch();
  const timer = setInterval(touch, INTERVAL_MS);
  return () => {
    clearInterval(timer);
    rmSync(file, { force: true });
  };
}
