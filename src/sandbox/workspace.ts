import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readlink, realpath, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LRUCache } from 'lru-cache';
import type { ArtifactStore } from '../artifacts/artifact-store';
import { GatehouseError } from '../domain/errors';
import type { ExecuteResult, PrepareInput } from '../domain/steps';
import type { Forge } from '../tools/forge';
import { cloneWorkspace, requireRepository } from './clone';
import type { OsSandbox } from './os-sandbox';
import { type RunFolder, runFolder } from './run-folder';
import { readState, treesDiffer, type WorkspaceState } from './workspace-state';

export type ChangedFiles = ExecuteResult['changed'];

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
  /** @throws GatehouseError `workspace-missing`, `workspace-unreadable` */
  state(runId: string, signal?: AbortSignal): Promise<WorkspaceState>;
  /** As {@link state}, but not read again where nothing was said to write since. */
  knownState(runId: string, signal?: AbortSignal): Promise<WorkspaceState>;
  /** Says that something is about to write to the workspace. */
  willWrite(runId: string): void;
  /**
   * Files that differ between a tree seen before and the files as they are, whose tree is `to`; their content is kept as
   * artifacts. The first {@link MAX_CHANGED} by path.
   */
  changed(runId: string, from: string, to: string): Promise<ChangedFiles>;
  /** Bare repository of the local forge, or null. */
  forgePath(runId: string): string | null;
  remove(runId: string): Promise<void>;
}

export interface WorkspacesOptions {
  root: string;
  sandbox: OsSandbox;
  artifacts: ArtifactStore;
  forge: ForgeWithCopies;
}

/** Most files one call reports as changed: the list stands in the run's history. */
export const MAX_CHANGED = 1_000;

export function createWorkspaces({ root, sandbox, artifacts, forge }: WorkspacesOptions): Workspaces {
  const known = new LRUCache<string, WorkspaceState>({ max: 1_000 });

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
    known.delete(runId);
    const found = await readState(sandbox, folder, signal);
    known.set(runId, found);
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
      return known.get(runId) ?? state(runId, signal);
    },

    willWrite: (runId) => void known.delete(runId),

    path: async (runId) => (await existing(runId)).workspace,

    async changed(runId, from, to) {
      const folder = await existing(runId);
      const paths = (await treesDiffer(sandbox, folder, from, to)).slice(0, MAX_CHANGED);
      const changed: ChangedFiles = [];
      for (const path of paths)
        changed.push({ path, artifact: await keep(folder.workspace, path, artifacts) });
      return changed;
    },

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
      await rm(runFolder(root, runId).path, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** Larger files are hashed like the others but not kept. */
const MAX_KEPT_BYTES = 16 * 1024 * 1024;

/**
 * Keeps the content of one file. Nothing of the run is alive while this reads, and a path through a link is not followed.
 */
async function keep(workspace: string, path: string, artifacts: ArtifactStore): Promise<string | null> {
  const full = join(workspace, path);
  const found = await lstat(full).catch(() => null);
  if (!found) return null;
  if ((await realpath(dirname(full))) !== join(await realpath(workspace), dirname(path))) return null;
  if (found.isSymbolicLink()) return artifacts.put(await readlink(full));
  if (!found.isFile()) return null;
  const file = await open(full, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    if (found.size > MAX_KEPT_BYTES) return await hashOf(file);
    return await artifacts.put(await file.readFile());
  } finally {
    await file.close();
  }
}

async function hashOf(file: FileHandle): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of file.createReadStream({ autoClose: false })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null))?.isDirectory() ?? false;
}
