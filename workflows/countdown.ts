import { condition } from '@temporalio/workflow';
import type { RunState } from './run-state';

/**
 * One durable timer. While the run is paused it does not run; afterwards it goes on with what was left.
 *
 * @param summary what people read beside the timer
 * @returns whether the time ran out; false when `isOver` came true before
 */
export async function runsOut(
  run: RunState,
  isOver: () => boolean,
  limitMs: number,
  summary: string,
): Promise<boolean> {
  let remainingMs = limitMs;
  for (;;) {
    await condition(() => isOver() || run.paused === null);
    const startedAt = Date.now();
    const interrupted = await condition(() => isOver() || run.paused !== null, Math.max(1, remainingMs), {
      summary,
    });
    if (isOver()) return false;
    remainingMs -= Date.now() - startedAt;
    if (!interrupted) return true;
  }
}
