import type { Client, WorkflowHandle } from '@temporalio/client';
import type { Commands } from '../../src/commands/commands';
import type { PendingApproval } from '../../src/domain/approval';
import { decide, pending, transcript } from '../../workflows/messages';
import type { BenchAgent } from './apply-scripted';
import { listen } from './listener';

/** Milliseconds from a bare signal until the activity that it sets off began. @param type a workflow of `bench/bare` */
export async function bareDelays(
  client: Client,
  type: 'bareWait' | 'leastWait',
  samples: number,
  warmUp: number,
): Promise<number[]> {
  const rounds = samples + warmUp;
  const handle = await client.workflow.start(type, {
    workflowId: `${type}-${Math.random().toString(36).slice(2)}`,
    taskQueue: 'bench-workflow',
    args: [rounds],
  });
  const delays: number[] = [];
  for (let round = 0; round < rounds; round++) {
    await settle();
    const sentAt = now();
    await handle.signal('go');
    const began = await until(async () => (await handle.query<number[]>('startedAt'))[round]);
    delays.push(began - sentAt);
  }
  return delays.slice(warmUp);
}

/** Of each approval by signal, in milliseconds from when it was sent. */
export interface ApprovalDelays {
  /** Until the approved tool printed its first line, the time, in its sandbox. */
  firstLine: number[];
  /** Until a listener of the run's live events was told. */
  event: number[];
}

export async function approvalDelays(options: {
  client: Client;
  commands: Commands;
  /** The HTTP API, and a key of it. */
  api: { address: string; key: string };
  repo: string;
  agent: BenchAgent;
  samples: number;
  warmUp: number;
}): Promise<ApprovalDelays> {
  const { client, commands, api, repo, agent, samples, warmUp } = options;
  const { runId, workflowId } = await commands.startRun({
    agent,
    prompt: 'Act.',
    repo,
    requestedBy: 'bench',
  });
  const handle = client.workflow.getHandle(workflowId);
  const firstLine: number[] = [];
  const event: number[] = [];
  const listener = await until(() => listen(api.address, api.key, runId).catch(() => undefined));
  for (let round = 0; round < samples + warmUp; round++) {
    const approval = await until(() => nextApproval(handle));
    await settle();
    const sentAt = now();
    await handle.signal(decide, {
      approvalId: approval.id,
      decision: 'approve',
      actionHash: approval.actionHash,
      by: 'bench',
    });
    const printedAt = await until(() => firstLineOf(handle, approval.callId));
    const toldAt = await until(async () => listener.toldAt(approval.id));
    firstLine.push(printedAt - sentAt);
    event.push(toldAt - sentAt);
  }
  listener.close();
  return { firstLine: firstLine.slice(warmUp), event: event.slice(warmUp) };
}

async function nextApproval(handle: WorkflowHandle): Promise<PendingApproval | undefined> {
  return (await handle.query(pending)).approvals[0];
}

/** What the call printed first, in milliseconds since the epoch; undefined until it has its outcome. */
async function firstLineOf(handle: WorkflowHandle, callId: string): Promise<number | undefined> {
  const { entries } = await handle.query(transcript, { since: 0 });
  for (const entry of entries.toReversed())
    for (const outcome of 'outcomes' in entry ? entry.outcomes : []) {
      const seconds = /\d{10}\.\d{6}/.exec(
        outcome.callId === callId && 'text' in outcome ? outcome.text : '',
      );
      if (seconds) return Number(seconds[0]) * 1_000;
    }
  return undefined;
}

/** What went before has ended: nothing else is measured with it. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 60));
}

function now(): number {
  return performance.timeOrigin + performance.now();
}

/** Looking is work too: seldom enough that it falls into few measurements, and as often on both sides. */
const LOOK_EVERY_MS = 250;

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error('waited for more than 30 s');
  }
}
