import { preparer } from './activities';
import type { RunState } from './run-state';

/** Sees to it that the run has a workspace. */
export async function prepareWorkspace(run: RunState): Promise<void> {
  const { runId, repo } = run.input;
  run.facts.workspace ??= await preparer.prepare({ runId, repo: repo ?? null });
}

/** The workspace is not what the run knows: it is looked at again, or made where it is gone. */
export async function prepareAgain(run: RunState): Promise<void> {
  run.facts.workspace = null;
  await prepareWorkspace(run);
}
