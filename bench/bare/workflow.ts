import { condition, defineQuery, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';
import type { bareActivities } from './activities';

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
  let given = 0;
  setHandler(defineSignal('go'), () => {
    given++;
  });
  const startedAt: number[] = [];
  setHandler(defineQuery<number[]>('startedAt'), () => startedAt);
  for (let round = 1; round <= rounds; round++) {
    await condition(() => given >= round, '1 day');
    startedAt.push(await firstLine());
  }
}
