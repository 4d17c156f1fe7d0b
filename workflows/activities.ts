/** The run's activities as the workflow sees them: types only, with their queues, limits and retries. */
import type { ActivityOptions, LocalActivityOptions } from '@temporalio/common';
import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { createArchive } from '../activities/archive';
import type { createArtifactPasses } from '../activities/artifact-pass';
import type { createChildRuns } from '../activities/child-runs';
import type { createDiscard } from '../activities/discard';
import type { createDispatch } from '../activities/dispatch';
import type { createExecuteTool } from '../activities/execute-tool';
import type { createFinish } from '../activities/finish';
import type { createHalts } from '../activities/halts';
import type { createHosts } from '../activities/hosts';
import type { createPeople } from '../activities/people';
import type { createPolicyGate } from '../activities/policy-gate';
import type { createPrepare } from '../activities/prepare';
import type { createProbeTool } from '../activities/probe-tool';
import type { createProgramQuestions } from '../activities/program-questions';
import type { createTakeTurn } from '../activities/take-turn';
import { hostQueue, queues } from './messages';

type Control = ReturnType<typeof createDispatch> &
  ReturnType<typeof createPolicyGate> &
  ReturnType<typeof createPeople> &
  ReturnType<typeof createHalts> &
  ReturnType<typeof createHosts> &
  ReturnType<typeof createProgramQuestions> &
  ReturnType<typeof createArtifactPasses> &
  ReturnType<typeof createArchive> &
  ReturnType<typeof createChildRuns> &
  ReturnType<typeof createFinish>;

/** A control activity waits for the database as long as it must: no run is lost to an outage. */
const untilHealed = { initialInterval: '200ms', maximumInterval: '10s' } as const;

const CONTROL: ActivityOptions = {
  taskQueue: queues.control,
  startToCloseTimeout: '20s',
  retry: untilHealed,
};

/** How long work waits on a host's queue until the host is asked after. */
const NOBODY_THERE = '15s';

/** How long a call that was broken off waits for its host: what came of it nobody else knows. */
const BROKEN_OFF = '60s';

/** Quick work beside the workflow, in its own worker: one marker in history. */
const LOCAL: LocalActivityOptions = {
  scheduleToCloseTimeout: '2s',
  retry: { maximumAttempts: 1 },
};

export const control = proxyActivities<Control>(CONTROL);
export const localControl = proxyLocalActivities<Control>(LOCAL);

/** As {@link control} and {@link localControl}, with a line for whoever reads the history. */
export const summarized = {
  regular: (summary: string): ActivityOptions => ({ ...CONTROL, summary }),
  local: (summary: string): LocalActivityOptions => ({ ...LOCAL, summary }),
};

export const runnerOptions: ActivityOptions = {
  taskQueue: queues.runner,
  startToCloseTimeout: '15m',
  heartbeatTimeout: '5s',
  retry: { initialInterval: '500ms', maximumInterval: '30s', maximumAttempts: 8 },
};
export const runner = proxyActivities<ReturnType<typeof createTakeTurn>>(runnerOptions);

const PREPARATION: ActivityOptions = {
  startToCloseTimeout: '10m',
  heartbeatTimeout: '5s',
  retry: { initialInterval: '500ms', maximumInterval: '10s', maximumAttempts: 20 },
};

/** Makes a run's workspace on whichever host takes it. */
export const preparer = proxyActivities<ReturnType<typeof createPrepare>>({
  ...PREPARATION,
  taskQueue: queues.sandbox,
});

/** Looks at a run's workspace on the host that holds it. */
export const preparerOn = (host: string) =>
  proxyActivities<ReturnType<typeof createPrepare>>({
    ...PREPARATION,
    taskQueue: hostQueue(host),
    scheduleToStartTimeout: NOBODY_THERE,
    summary: 'look at the workspace again',
  });

/** Removes a run's workspace on the host that holds it. */
export const discarderOn = (host: string) =>
  proxyActivities<ReturnType<typeof createDiscard>>({
    taskQueue: hostQueue(host),
    scheduleToCloseTimeout: '5s',
    summary: 'remove the workspace',
  });

const EXECUTION: ActivityOptions = {
  // Well before the grant expires: the call is gated again, on another host where this one is lost.
  scheduleToStartTimeout: NOBODY_THERE,
  startToCloseTimeout: '1h',
  heartbeatTimeout: '5s',
  retry: { initialInterval: '500ms', maximumInterval: '10s', maximumAttempts: 20 },
};

/** Options of a tool's execution on the host that holds the run's workspace. */
export function executionOn(
  host: string,
  { summary, mayAsk, hasEffect }: { summary: string; mayAsk: boolean; hasEffect: boolean },
): ActivityOptions {
  return {
    ...EXECUTION,
    // A person has a day to answer, and the program may have worked before.
    ...(mayAsk ? { startToCloseTimeout: '25h' as const } : {}),
    // The run itself tries again: when Temporal does, the run cannot tell a call that never started from one that did.
    ...(hasEffect ? { retry: { maximumAttempts: 1 } } : {}),
    taskQueue: hostQueue(host),
    summary,
  };
}

/** As {@link executionOn} said, for another attempt at what was broken off. */
export function againAfter(options: ActivityOptions): ActivityOptions {
  return { ...options, scheduleToStartTimeout: BROKEN_OFF };
}

export const sandbox = proxyActivities<ReturnType<typeof createExecuteTool>>(EXECUTION);

/** Looks, on the host that has the run's workspace now, for what became of a call on one that is lost. */
export const proberOn = (host: string, tool: string) =>
  proxyActivities<ReturnType<typeof createProbeTool>>({
    taskQueue: hostQueue(host),
    scheduleToStartTimeout: NOBODY_THERE,
    startToCloseTimeout: '5m',
    heartbeatTimeout: '5s',
    retry: { maximumAttempts: 3 },
    summary: `what became of ${tool}`,
  });
