import { execFile } from 'node:child_process';
import { lstatSync } from 'node:fs';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LRUCache } from 'lru-cache';
import type { ArtifactStore } from '../artifacts/artifact-store';
import type { CheckpointReference, LostWorkspace, Rebuilding } from '../domain/checkpoint';
import { GatehouseError } from '../domain/errors';
import type { PrepareInput } from '../domain/steps';
import type { Forge } from '../tools/forge';
import type { OpenArtifacts } from './artifact-client';
import { createCheckpointKeeper } from './checkpoint';
import { checkpointOf, readRecord, writeRecord } from './checkpoint-record';
import { type CloneSource, cloneWorkspace, requireRepository } from './clone';
import { createContentKeeper } from './content';
import type { HeldCredentials } from './held-credentials';
import type { OsSandbox } from './os-sandbox';
import { restoreCheckpoint } from './restore';
import { isFolderOfRun, type RunFolder, runFolder } from './run-folder';
import { type Leaving, secretFilesIn } from './secret-files';
import type { SecretFinder } from './secret-finder';
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
   * Makes a run's workspace where there is none: a clone on the run's own branch. One that was lost is brought to where
   * its checkpoint was; a copy that is here counts only if this host is the one that had it last.
   *
   * @throws GatehouseError `repository-missing`, `repository-unsupported`, `repository-unavailable`,
   * `sandbox-unavailable`
   */
  prepare(input: PrepareInput, signal?: AbortSignal): Promise<WorkspaceState & { rebuilding?: Rebuilding }>;
  /** Host path of a run's workspace. @throws GatehouseError `workspace-missing` */
  path(runId: string): Promise<string>;
  /**
   * The state of the files as they are now; git reads them again where anything changed.
   *
   * @param pass to the run's artifacts, for what is kept of them
   * @throws GatehouseError `workspace-missing`, `workspace-unreadable`
   */
  state(runId: string, signal?: AbortSignal, pass?: string): Promise<WorkspaceState>;
  /** As {@link state}, but not even looked at where nothing was said to write since. */
  knownState(runId: string, signal?: AbortSignal, pass?: string): Promise<WorkspaceState>;
  /**
   * Where credentials of the run stand in what is about to leave its workspace, for people to read.
   *
   * @throws GatehouseError `workspace-missing`, `workspace-unreadable`
   */
  credentialsIn(runId: string, leaving: Leaving, signal?: AbortSignal): Promise<string[]>;
  /** Says that something is about to write to the workspace. */
  willWrite(runId: string): void;
  /** Bare repository of the local forge, or null. */
  forgePath(runId: string): string | null;
  remove(runId: string): Promise<void>;
  /** The runs that have a folder here, and when something in it was last made or removed (since the epoch, in ms). */
  list(): Promise<{ runId: string; changedAt: number }[]>;
}

export interface WorkspacesOptions {
  root: string;
  /** Name of this host. */
  host: string;
  sandbox: OsSandbox;
  openArtifacts: OpenArtifacts;
  forge: ForgeWithCopies;
  /** What a run's credentials are found by in what leaves its workspace. @default nothing */
  credentials?: Pick<HeldCredentials, 'finderOf'>;
  /** Internal causes of what goes on without. */
  log?(message: string, cause: unknown): void;
}

export function createWorkspaces({
  root,
  host,
  sandbox,
  openArtifacts,
  forge,
  credentials,
  log,
}: WorkspacesOptions): Workspaces {
  const known = new LRUCache<string, KnownState>({ max: 1_000 });
  const content = createContentKeeper({ sandbox });
  const checkpoints = createCheckpointKeeper({ sandbox });

  function existing(runId: string): RunFolder {
    const folder = runFolder(root, runId);
    if (!exists(folder.workspace))
      throw new GatehouseError(
        'workspace-missing',
        'this host has no workspace of the run; it is prepared again',
      );
    return folder;
  }

  /** Undefined while nobody here knows what the run has: then nothing of its workspace is kept. */
  const finderOf = (runId: string) => (credentials ? credentials.finderOf(runId) : null);

  const state = (runId: string, signal?: AbortSignal, pass?: string) =>
    stateOf(runId, finderOf(runId), signal, pass);

  async function stateOf(
    runId: string,
    finder: SecretFinder | null | undefined,
    signal?: AbortSignal,
    pass?: string,
  ): Promise<WorkspaceState> {
    const folder = existing(runId);
    // Before git reads: what changes meanwhile makes another fingerprint the next time.
    const fingerprint = fingerprintOf(folder.workspace);
    const last = known.get(runId);
    if (last && fingerprint !== null && last.fingerprint === fingerprint) {
      last.mayBeWritten = false;
      return last.state;
    }
    known.delete(runId);
    const { tree, head } = await readState(sandbox, folder, signal);
    if (finder === undefined) return { tree, head, checkpoint: await latest(folder) };
    const artifacts = openArtifacts({ runId, pass, signal });
    const [kept, checkpoint] = await Promise.all([
      // The work itself is done; what rules need to judge it is not to be had, and they refuse for that.
      content
        .keep(folder, artifacts, finder, signal)
        .catch((error) => notKept(runId, 'content', error, signal)),
      checkpointed(folder, runId, artifacts, finder, signal),
    ]);
    if (kept === undefined) return { tree, head, checkpoint };
    const found = { tree, head, content: kept, checkpoint };
    if (checkpoint.isCurrent) known.set(runId, { state: found, fingerprint, mayBeWritten: false });
    return found;
  }

  function notKept(runId: string, what: string, error: unknown, signal?: AbortSignal): undefined {
    signal?.throwIfAborted();
    log?.(`the ${what} of run ${runId}'s workspace was not kept`, error);
  }

  async function forget(runId: string): Promise<void> {
    known.delete(runId);
    await removeAll(runFolder(root, runId).path);
  }

  async function checkpointed(
    folder: RunFolder,
    runId: string,
    artifacts: ArtifactStore,
    finder: SecretFinder | null,
    signal?: AbortSignal,
  ): Promise<CheckpointReference> {
    try {
      return { artifact: await checkpoints.keep(folder, artifacts, finder, signal), isCurrent: true };
    } catch (error) {
      notKept(runId, 'checkpoint', error, signal);
      return latest(folder);
    }
  }

  async function latest(folder: RunFolder): Promise<CheckpointReference> {
    return { artifact: (await readRecord(folder)).latest?.artifact ?? null, isCurrent: false };
  }

  async function clone(
    folder: RunFolder,
    { runId, repo }: PrepareInput,
    signal?: AbortSignal,
    restore?: () => Promise<void>,
  ): Promise<void> {
    await mkdir(folder.path, { recursive: true, mode: 0o700 });
    if (repo !== null) await requireRepository(repo);
    const copy = repo !== null && forge.ensure ? await forge.ensure(runId, repo) : null;
    const source: CloneSource = {
      repo: copy?.path ?? repo,
      name: repo,
      remoteUrl: repo === null ? null : forge.remoteUrl(runId),
    };
    const base = await cloneWorkspace(sandbox, folder, runId, source, signal, restore);
    // The commit of an empty workspace is nobody else's.
    if (!restore) await writeRecord(folder, { base: repo === null ? null : base, latest: null });
  }

  async function rebuild(
    folder: RunFolder,
    input: PrepareInput,
    { checkpoint: artifact }: LostWorkspace,
    signal?: AbortSignal,
  ): Promise<Rebuilding> {
    if (artifact === null) {
      await clone(folder, input, signal);
      return { kind: 'cloned', why: 'no-checkpoint' };
    }
    try {
      const artifacts = openArtifacts({ runId: input.runId, pass: input.pass, signal });
      const checkpoint = checkpointOf(await artifacts.get(artifact));
      await clone(folder, input, signal, async () => {
        await restoreCheckpoint({ sandbox, artifacts }, folder, checkpoint, signal);
        await writeFile(folder.base, checkpoint.began, { mode: 0o600 });
        await writeRecord(folder, { base: checkpoint.base, latest: { artifact, checkpoint } });
      });
      return { kind: 'restored', notKept: checkpoint.notKept };
    } catch (error) {
      if (!(error instanceof GatehouseError) || !UNUSABLE.has(error.code)) throw error;
      log?.(`the workspace of run ${input.runId} was not restored`, error);
      await clone(folder, input, signal);
      return {
        kind: 'cloned',
        why: error.code === 'history-gone' ? 'history-gone' : 'checkpoint-unreadable',
      };
    }
  }

  return {
    state,

    async prepare(input, signal) {
      const { runId, lost, pass } = input;
      const folder = runFolder(root, runId);
      await sandbox.check();
      if (lost && lost.host !== host) await forget(runId);
      const isThere = exists(folder.workspace);
      if (!lost) {
        if (isThere) return state(runId, signal, pass);
        await clone(folder, input, signal);
        // No program of the run has been here yet.
        return stateOf(runId, null, signal, pass);
      }
      const rebuilding: Rebuilding = isThere ? { kind: 'kept' } : await rebuild(folder, input, lost, signal);
      const finder = isThere ? finderOf(runId) : null;
      return { ...(await stateOf(runId, finder, signal, pass)), rebuilding };
    },

    async knownState(runId, signal, pass) {
      existing(runId);
      const last = known.get(runId);
      return last && !last.mayBeWritten ? last.state : state(runId, signal, pass);
    },

    async credentialsIn(runId, leaving, signal) {
      const finder = finderOf(runId);
      if (!finder) return [];
      return secretFilesIn({ sandbox, folder: existing(runId), finder }, leaving, signal);
    },

    willWrite(runId) {
      const last = known.get(runId);
      if (last) last.mayBeWritten = true;
    },

    path: async (runId) => existing(runId).workspace,

    forgePath(runId) {
      if (!forge.repositoryOf) return null;
      try {
        return forge.repositoryOf(runId).path;
      } catch {
        // A run without a repository has nothing on the forge.
        return null;
      }
    },

    remove: forget,

    async list() {
      const entries = await readdir(root, { withFileTypes: true });
      const runIds = entries.filter((entry) => entry.isDirectory() && isFolderOfRun(entry.name));
      return Promise.all(
        runIds.map(async ({ name }) => ({ runId: name, changedAt: (await stat(join(root, name))).mtimeMs })),
      );
    },
  };
}

/** Codes of checkpoints that cannot be had; whatever else fails is tried again. */
const UNUSABLE: ReadonlySet<string> = new Set([
  'checkpoint-unusable',
  'history-gone',
  'artifact-missing',
  'artifact-damaged',
]);

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

/** At once: asked of every call, and answered from memory. */
function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
