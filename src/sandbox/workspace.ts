import { execFile } from 'node:child_process';
import { lstat, mkdir, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { LRUCache } from 'lru-cache';
import type { ArtifactStore } from '../artifacts/artifact-store';
import { GatehouseError } from '../domain/errors';
import type { PrepareInput } from '../domain/steps';
import type { Forge } from '../tools/forge';
import { cloneWorkspace, requireRepository } from './clone';
import { createContentKeeper } from './content';
import type { OsSandbox } from './os-sandbox';
import { type RunFolder, runFolder } from './run-folder';
import { fingerprintOf } from './workspace-fingerprint';
import { readState, type WorkspaceState } from './workspace-state';

/** The forge's own copies, where it keeps any: the local one does. */
export type ForgeWithCopies = Forge & {
  ensure?(runId: string, source: string): Promise<{ path: string }>;
  repositoryOf?(runId: string): { path: string };
};

/** The workspaces of the runs on this host. */
export interface Workspaces {
  /**
   * Makes a run's workspace where there is none: a clone on the run's own branch.
   *
   * @throws GatehouseError `repository-missing`, `repository-unsupported`, `repository-unavailable`,
   * `sandbox-unavailable`
   */
  prepare(input: PrepareInput, signal?: AbortSignal): Promise<WorkspaceState>;
  /** Host path of a run's workspace. @throws GatehouseError `workspace-missing` */
  path(runId: string): Promise<string>;
  /**
   * The state of the files as they are now; git reads them again where anything changed.
   *
   * @throws GatehouseError `workspace-missing`, `workspace-unreadable`
   */
  state(runId: string, signal?: AbortSignal): Promise<WorkspaceState>;
  /** As {@link state}, but not even looked at where nothing was said to write since. */
  knownState(runId: string, signal?: AbortSignal): Promise<WorkspaceState>;
  /** Says that something is about to write to the workspace. */
  willWrite(runId: string): void;
  /** Bare repository of the local forge, or null. */
  forgePath(runId: string): string | null;
  remove(runId: string): Promise<void>;
}

export interface WorkspacesOptions {
  root: string;
  sandbox: OsSandbox;
  artifacts: ArtifactStore;
  forge: ForgeWithCopies;
  /** Internal causes of what goes on without. */
  log?(message: string, cause: unknown): void;
}

export function createWorkspaces({ root, sandbox, artifacts, forge, log }: WorkspacesOptions): Workspaces {
  const known = new LRUCache<string, KnownState>({ max: 1_000 });
  const content = createContentKeeper({ sandbox, artifacts });

  async function existing(runId: string): Promise<RunFolder> {
    const folder = runFolder(root, runId);
    if (!(await exists(folder.workspace)))
      throw new GatehouseError(
        'workspace-missing',
        'this host has no workspace of the run; it is prepared again',
      );
    return folder;
  }

  async function state(runId: string, signal?: AbortSignal): Promise<WorkspaceState> {
    const folder = await existing(runId);
    // Before git reads: what changes meanwhile makes another fingerprint the next time.
    const fingerprint = fingerprintOf(folder.workspace);
    const last = known.get(runId);
    if (last && fingerprint !== null && last.fingerprint === fingerprint) {
      last.mayBeWritten = false;
      return last.state;
    }
    known.delete(runId);
    const { tree, head } = await readState(sandbox, folder, signal);
    let found: WorkspaceState;
    try {
      found = { tree, head, content: await content.keep(folder, signal) };
    } catch (error) {
      signal?.throwIfAborted();
      // The work itself is done; what rules need to judge it is not to be had, and they refuse for that.
      log?.(`the content of run ${runId}'s workspace was not kept`, error);
      return { tree, head };
    }
    known.set(runId, { state: found, fingerprint, mayBeWritten: false });
    return found;
  }

  return {
    state,

    async prepare({ runId, repo }, signal) {
      const folder = runFolder(root, runId);
      await sandbox.check();
      if (!(await exists(folder.workspace))) {
        await mkdir(folder.path, { recursive: true, mode: 0o700 });
        if (repo !== null) await requireRepository(repo);
        const copy = repo !== null && forge.ensure ? await forge.ensure(runId, repo) : null;
        const source = {
          repo: copy?.path ?? repo,
          name: repo,
          remoteUrl: repo === null ? null : forge.remoteUrl(runId),
        };
        await cloneWorkspace(sandbox, folder, runId, source, signal);
      }
      return state(runId, signal);
    },

    async knownState(runId, signal) {
      await existing(runId);
      const last = known.get(runId);
      return last && !last.mayBeWritten ? last.state : state(runId, signal);
    },

    willWrite(runId) {
      const last = known.get(runId);
      if (last) last.mayBeWritten = true;
    },

    path: async (runId) => (await existing(runId)).workspace,

    forgePath(runId) {
      if (!forge.repositoryOf) return null;
      try {
        return forge.repositoryOf(runId).path;
      } catch {
        // A run without a repository has nothing on the forge.
        return null;
      }
    },

    async remove(runId) {
      known.delete(runId);
      await removeAll(runFolder(root, runId).path);
    },
  };
}

/** A program may nest folders deeper than a path can be long; the system's own program goes down step by step. */
async function removeAll(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENAMETOOLONG') throw error;
    await promisify(execFile)('/bin/rm', ['-rf', '--', path], { env: {} });
  }
}

interface KnownState {
  state: WorkspaceState;
  fingerprint: string | null;
  /** Something was said to write since. */
  mayBeWritten: boolean;
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null))?.isDirectory() ?? false;
}
