import { isCancellation, patched, TemporalFailure } from '@temporalio/workflow';
import type { LostWorkspace } from '../src/domain/checkpoint';
import type { PreparedWorkspace, PrepareInput } from '../src/domain/steps';
import { control, discarderOn, preparer, preparerOn } from './activities';
import { passFor } from './artifact-passes';
import { wasNeverStarted } from './failures';
import { rebuiltNotice } from './rebuilt-notice';
import type { RunState } from './run-state';
import { RunStoppedError } from './waiting';
import { preparationProblem } from './worker-answers';

/** Sees to it that the run has a workspace. */
export async function prepareWorkspace(run: RunState): Promise<void> {
  if (run.facts.workspace) return;
  const workspace = usable(await preparer.prepare(await inputOf(run)));
  run.facts.workspace ??= workspace;
  // Now, since later somebody may be waiting for what he approved.
  await passFor(run, { role: 'sandbox', keyThumbprint: run.facts.workspace.keyThumbprint });
}

/** The files are not what the run knows: its host looks at them again, or they are made again where it is gone. */
export async function lookAgain(run: RunState): Promise<void> {
  const { workspace } = run.facts;
  if (!workspace) return prepareWorkspace(run);
  try {
    run.facts.workspace = usable(await preparerOn(workspace.host).prepare(await inputOf(run)));
  } catch (error) {
    if (!wasNeverStarted(error)) throw error;
    await rebuildWorkspace(run);
  }
}

/**
 * Nobody took a call on the run's host: where the host is gone, its workspace is made again on another.
 *
 * @param since milliseconds since the epoch, when the call was there to be taken
 * @returns whether the run has a workspace that it did not have before
 */
export async function leaveLostHost(run: RunState, since: number): Promise<boolean> {
  const { workspace } = run.facts;
  if (!workspace || !patched('lost-host')) return false;
  if (!(await control.isHostLost({ host: workspace.host, since }))) return false;
  await rebuildWorkspace(run);
  return true;
}

/**
 * The run's workspace is gone: it is made again from its latest checkpoint.
 *
 * @returns whether the model is told what is missing
 */
export async function rebuildWorkspace(run: RunState): Promise<boolean> {
  const { workspace: before, uncheckpointed = [] } = run.facts;
  if (!before) {
    await prepareWorkspace(run);
    return false;
  }
  const lost = { host: before.host, checkpoint: before.checkpoint?.artifact ?? null };
  const { rebuilding, ...workspace } = usable(await preparer.prepare(await inputOf(run, lost)));
  run.facts.workspace = workspace;
  if (!rebuilding || rebuilding.kind === 'kept') return false;
  const hosts = { before: before.host, now: workspace.host };
  const text = rebuiltNotice(rebuilding, hosts, uncheckpointed);
  if (text !== null) run.transcript.add({ role: 'notice', text });
  delete run.facts.uncheckpointed;
  return true;
}

/** Makes the workspace again for calls that found none; where the model is told what is missing, once is enough. */
export async function afterLoss<Outcome extends { kind: 'not-run' }>(
  run: RunState,
  outcome: Outcome,
): Promise<Outcome> {
  return { ...outcome, isWorkspaceLost: !(await rebuildWorkspace(run)) };
}

/** The run is over: its workspace goes. A host that does not answer soon keeps it; the run's end does not wait for that. */
export async function discardWorkspace(run: RunState): Promise<void> {
  const { workspace } = run.facts;
  if (!workspace) return;
  try {
    await discarderOn(workspace.host).discard(run.input.runId);
  } catch (error) {
    if (isCancellation(error) || !(error instanceof TemporalFailure)) throw error;
  }
}

/** Only what is made again reads; who prepares is not known before it is done. */
async function inputOf(run: RunState, lost?: LostWorkspace): Promise<PrepareInput> {
  const { runId, repo } = run.input;
  const mayRead = lost !== undefined && lost.checkpoint !== null;
  const pass = await passFor(run, { role: 'any-sandbox', mayRead });
  return {
    ...{ runId, repo: repo ?? null },
    ...(lost ? { lost } : {}),
    ...(pass === undefined ? {} : { pass }),
  };
}

/** @throws RunStoppedError for an answer that no host gives */
function usable(workspace: PreparedWorkspace): PreparedWorkspace {
  const problem = preparationProblem(workspace);
  if (problem) throw new RunStoppedError('FAILED', `the sandbox host's answer is none: ${problem}`);
  return workspace;
}
