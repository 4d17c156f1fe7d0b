import { isCancellation, TemporalFailure } from '@temporalio/workflow';
import { discarderOn, preparer } from './activities';
import type { RunState } from './run-state';
import { RunStoppedError } from './waiting';
import { workspaceProblem } from './worker-answers';

/** Sees to it that the run has a workspace. */
export async function prepareWorkspace(run: RunState): Promise<void> {
  const { runId, repo } = run.input;
  if (run.facts.workspace) return;
  const workspace = await preparer.prepare({ runId, repo: repo ?? null });
  const problem = workspaceProblem(workspace);
  if (problem) throw new RunStoppedError('FAILED', `the sandbox host's answer is none: ${problem}`);
  run.facts.workspace ??= workspace;
}

/** The workspace is not what the run knows: it is looked at again, or made where it is gone. */
export async function prepareAgain(run: RunState): Promise<void> {
  run.facts.workspace = null;
  await prepareWorkspace(run);
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
