import {
  ActivityFailure,
  type ActivityOptions,
  ApplicationFailure,
  TimeoutFailure,
} from '@temporalio/common';
import { CancellationScope, isCancellation, patched, sleep } from '@temporalio/workflow';
import { PASS_OVER } from '../src/domain/artifact-pass';
import type { CallOutcome, CanonicalCall } from '../src/domain/call';
import type { ExecuteResult, GatedCall, Grant, Workspace } from '../src/domain/steps';
import { visibleText } from '../src/domain/visible-text';
import { againAfter, executionOn, sandbox } from './activities';
import { codeOf, publicTextOf, wasNeverStarted } from './failures';
import { executionProblem } from './worker-answers';

/** How an execution ended, as far as the workflow can know. */
export type Execution =
  | { kind: 'ran'; result: ExecuteResult }
  /** Nothing ran, and another grant may do: it came too late, or what was approved has changed. */
  | { kind: 'stale'; why: 'grant' | 'pass' | 'content' }
  /** Nothing ran: nobody took it, and it was there since then, in milliseconds since the epoch. */
  | { kind: 'not-taken'; since: number }
  /** Nothing ran. `isWorkspaceLost`: the host has no workspace of the run any more. */
  | { kind: 'not-run'; text: string; isWorkspaceLost: boolean }
  /** It started, and whether it finished nobody knows. `silentSince`: its host did not take it up again. */
  | { kind: 'unknown'; text: string; silentSince?: number };

/**
 * Has granted calls executed on the host that holds the run's workspace: one effect, or consecutive reads.
 *
 * @param pass the host's, to the run's artifacts
 * @param isEncrypted the history names the tools and not their arguments
 * @throws a cancellation, when the run is stopped meanwhile
 */
export async function executeCalls(
  runId: string,
  workspace: Workspace,
  { token }: Grant,
  batch: readonly GatedCall[],
  pass: string | undefined,
  isEncrypted = false,
): Promise<Execution> {
  const input = {
    ...{ runId, grant: token, calls: batch.map(canonical) },
    ...(pass === undefined ? {} : { pass }),
  };
  const first = executionOn(workspace.host, {
    summary: summaryOf(batch, isEncrypted),
    mayAsk: batch.some((call) => call.mayAsk === true),
    hasEffect: batch.some((call) => !call.isRead),
  });
  for (let attempt = 1; ; attempt++) {
    const since = Date.now();
    const options = attempt === 1 ? first : againAfter(first);
    try {
      const execution = sandbox.executeTool.executeWithOptions(options, [input]);
      const result = await unlessStopSlow(execution);
      const problem = executionProblem(batch, workspace, result);
      if (problem) return { kind: 'unknown', text: `the sandbox host's answer is none: ${problem}` };
      return { kind: 'ran', result };
    } catch (error) {
      if (isCancellation(error)) throw error;
      if (attempt > 1 && wasNeverStarted(error))
        return { kind: 'unknown', text: 'its sandbox host is gone', silentSince: since };
      if (attempt === MAX_ATTEMPTS || !mayTryAgain(error, options) || !patched('own-attempts'))
        return endOf(error, since);
      await sleep(Math.min(10_000, 500 * 2 ** (attempt - 1)), { summary: 'the sandbox is asked again' });
    }
  }
}

/** The journal of the host sees to it that nothing happens twice. */
const MAX_ATTEMPTS = 20;

/** Whether an execution failed in a way that heals, and Temporal has not tried again itself. */
function mayTryAgain(error: unknown, { retry }: ActivityOptions): boolean {
  if (retry?.maximumAttempts !== 1 || !(error instanceof ActivityFailure)) return false;
  const { cause } = error;
  if (cause instanceof ApplicationFailure) return cause.nonRetryable !== true;
  return cause instanceof TimeoutFailure && !wasNeverStarted(error);
}

function endOf(error: unknown, since: number): Execution {
  const code = codeOf(error);
  if (wasNeverStarted(error)) return { kind: 'not-taken', since };
  if (code === 'grant-expired') return { kind: 'stale', why: 'grant' };
  if (code !== null && PASS_OVER.has(code)) return { kind: 'stale', why: 'pass' };
  if (code === 'content-changed') return { kind: 'stale', why: 'content' };
  const text = publicTextOf(error);
  return code !== null && NOT_RUN.has(code)
    ? { kind: 'not-run', text, isWorkspaceLost: code === 'workspace-missing' }
    : { kind: 'unknown', text };
}

/** An execution without a result. */
export type NotDone = Extract<Execution, { kind: 'not-run' | 'unknown' }>;

/** The run was stopped, and nothing was heard of the calls any more. */
export const STOPPED: NotDone = { kind: 'unknown', text: 'the run was stopped' };

/**
 * A stop kills what runs, and waits for its end: what finished just before is known so. Not for ever, though: a sandbox
 * that does not end it holds no run back.
 *
 * @throws the cancellation
 */
async function unlessStopSlow<T>(execution: Promise<T>): Promise<T> {
  const { cancelRequested } = CancellationScope.current();
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  execution.then(over, over);
  const tooSlow = cancelRequested.catch(async (cancellation) => {
    // The scope is the run's: the stop is told of all that it ever executed.
    if (isOver && patched('stops-what-runs')) return execution;
    if (!patched('bounded-stop')) return execution;
    await CancellationScope.nonCancellable(() => sleep(STOP_WAIT_MS, { summary: 'stopping what runs' }));
    throw cancellation;
  });
  tooSlow.catch(() => undefined);
  return Promise.race([execution, tooSlow]);
}

/** What the model is told of calls that surely did not run, or of which nobody knows. */
export function outcomeWithout(callId: string, execution: NotDone): CallOutcome {
  switch (execution.kind) {
    case 'not-run': {
      const lost = '; it is made anew: what was not pushed is gone, so look again';
      const text = `not executed: ${execution.text}${execution.isWorkspaceLost ? lost : ''}`;
      return { kind: 'refused', callId, text, findings: [] };
    }
    case 'unknown':
      return {
        kind: 'unknown',
        callId,
        text: `it started and nobody knows whether it finished (${execution.text}); look before you repeat it`,
      };
  }
}

/** What the model is told of a call whose host is gone, and that a probe found not done. */
export function outcomeNotDone(callId: string): CallOutcome {
  return {
    kind: 'refused',
    callId,
    text: 'not done: its sandbox host was lost while it ran, and nothing of it is found now; repeat it if it is still wanted',
    findings: [],
  };
}

/** Longest that a stopped run waits for what it was executing. */
const STOP_WAIT_MS = 15_000;

/** Failures before anything ran; every other leaves the outcome unknown. */
const NOT_RUN: ReadonlySet<string> = new Set([
  'grant-invalid',
  'grant-replayed',
  'grant-wrong-presenter',
  'grant-wrong-audience',
  'grant-wrong-run',
  'grant-wrong-call',
  'sandbox-unavailable',
  'snapshot-unavailable',
  'workspace-missing',
  'journal-damaged',
  'run-id-malformed',
  'broker-unavailable',
  'presenter-unknown',
]);

function canonical(gated: GatedCall): CanonicalCall {
  if (!gated.call) throw new TypeError('an unread call cannot execute');
  return gated.call;
}

function summaryOf(batch: readonly GatedCall[], isEncrypted: boolean): string {
  const lines = batch.map(({ call }) => (isEncrypted ? call?.tool : `${call?.tool} ${call?.args}`));
  return visibleText(lines.join(', '), 160);
}
