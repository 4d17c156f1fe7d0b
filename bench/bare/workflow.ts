import {
  condition,
  defineQuery,
  defineSignal,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
} from '@temporalio/workflow';
import type { bareActivities } from './activities';
import type { leastActivities } from './least';

/** What our turns are measured against: a model step and a tool step as activities, and nothing that governs them. */
export async function bareLoop(turns: number): Promise<void> {
  const { model } = proxyActivities<typeof bareActivities>({
    taskQueue: 'bench-model',
    startToCloseTimeout: '1m',
  });
  const { tool } = proxyActivities<typeof bareActivities>({
    taskQueue: 'bench-tool',
    startToCloseTimeout: '1m',
  });
  for (let turn = 0; turn < turns; turn++) await tool(await model(turn));
}

/** What an approval is measured against: a signal that nothing verifies, then an activity on another process's queue. */
export async function bareWait(rounds: number): Promise<void> {
  const { firstLine } = proxyActivities<typeof bareActivities>({
    taskQueue: 'bench-tool',
    startToCloseTimeout: '1m',
  });
  await eachTime(rounds, firstLine);
}

/** The same with what no approval can save: see `least.ts`. */
export async function leastWait(rounds: number): Promise<void> {
  type Least = ReturnType<typeof leastActivities>;
  const { recorded } = proxyLocalActivities<Least>({ startToCloseTimeout: '1m' });
  const { sandboxedLine } = proxyActivities<Least>({ taskQueue: 'bench-tool', startToCloseTimeout: '1m' });
  await eachTime(rounds, async () => {
    await recorded();
    return sandboxedLine();
  });
}

async function eachTime(rounds: number, began: () => Promise<number>): Promise<void> {
  let given = 0;
  setHandler(defineSignal('go'), () => {
    given++;
  });
  const startedAt: number[] = [];
  setHandler(defineQuery<number[]>('startedAt'), () => startedAt);
  for (let round = 1; round <= rounds; round++) {
    await condition(() => given >= round, '1 day');
    startedAt.push(await began());
  }
}
