import { join } from 'node:path';
import { GatehouseError } from '../domain/errors';
import { isRunId } from '../domain/run';

/** Where a run's things are on this host. */
export interface RunFolder {
  path: string;
  /** The files the agent works on, with their `.git`. */
  workspace: string;
  /** A workspace in the making. */
  partial: string;
  /** Our own index and tree objects, which nothing of the run can touch. */
  state: string;
  /** Names the commit the workspace was made from. */
  base: string;
  /** Our record of the latest checkpoint. */
  checkpoint: string;
}

/** @throws GatehouseError `run-id-malformed`: run ids name folders */
export function runFolder(root: string, runId: string): RunFolder {
  if (!isFolderOfRun(runId))
    throw new GatehouseError(
      'run-id-malformed',
      'a run id holds letters, digits, `.`, `_` and `-` only, and is not `journal`',
    );
  const path = join(root, runId);
  return {
    path,
    workspace: join(path, 'repo'),
    partial: join(path, 'repo.partial'),
    state: join(path, 'state'),
    base: join(path, 'base'),
    checkpoint: join(path, 'checkpoint.json'),
  };
}

/** The journal of all runs lies among their folders. */
export const JOURNAL_FOLDER = 'journal';

/** Whether a folder's name can be that of a run. */
export function isFolderOfRun(name: string): boolean {
  return isRunId(name) && name !== JOURNAL_FOLDER;
}
