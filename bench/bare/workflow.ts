import { proxyActivities } from '@temporalio/workflow';
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
