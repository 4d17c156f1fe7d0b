import { mkdir, rm } from 'node:fs/promises';
import type { CheckpointReference } from '../domain/checkpoint';
import { GatehouseError } from '../domain/errors';
import type { CommandResult } from '../tools/tool';
import type { OsSandbox } from './os-sandbox';
import type { RunFolder } from './run-folder';

/** The files of a workspace as they are, and the commit its branch points at. */
export interface WorkspaceState {
  /** Git tree of all files that git does not ignore, committed or not. */
  tree: string;
  head: string;
  /** See {@link ContentIndex}; absent where the files could not be kept. */
  content?: string;
  /** What the workspace could be made again from; absent on a host of an earlier release. */
  checkpoint?: CheckpointReference;
}

/** Tree and head of a workspace, read by git inside the sandbox: hostile code may have written what it reads. */
export async function readState(
  sandbox: OsSandbox,
  folder: RunFolder,
  signal?: AbortSignal,
): Promise<WorkspaceState> {
  let result = await runState(sandbox, folder, STATE, [], signal);
  if (result.exitCode !== 0 && !result.killed) {
    // Our index was torn by a crash, or outwitted: it is only a cache.
    await rm(folder.state, { recursive: true, force: true });
    result = await runState(sandbox, folder, STATE, [], signal);
  }
  signal?.throwIfAborted();
  const [tree, head] = result.stdout.trim().split('\n');
  if (result.exitCode !== 0 || !isObject(tree) || !isObject(head)) throw unreadable(result.stderr);
  return { tree, head };
}

/** Our own folder, as the scripts of {@link runState} see it. */
export const STATE_FOLDER = '/state';
const TIMEOUT_MS = 120_000;

/** Runs a script of ours over the workspace, with our own index and objects, which nothing of the run can touch. */
export async function runState(
  sandbox: OsSandbox,
  folder: RunFolder,
  script: string,
  args: string[],
  signal?: AbortSignal,
  stdin = '',
): Promise<CommandResult> {
  await mkdir(folder.state, { recursive: true, mode: 0o700 });
  return sandbox.run(
    {
      argv: ['/bin/sh', '-c', script, 'sh', ...args],
      stdin,
      env: {
        GIT_DIR: '/workspace/.git',
        GIT_WORK_TREE: '/workspace',
        GIT_INDEX_FILE: `${STATE_FOLDER}/index`,
        GIT_OBJECT_DIRECTORY: `${STATE_FOLDER}/objects`,
        GIT_ALTERNATE_OBJECT_DIRECTORIES: '/workspace/.git/objects',
        // What is looked at is what a push sends, whatever the workspace says stands for it.
        GIT_NO_REPLACE_OBJECTS: '1',
        LC_ALL: 'C',
      },
      timeoutMs: TIMEOUT_MS,
      maxOutputBytes: 16 * 1024 * 1024,
    },
    {
      effect: 'draft',
      workspace: folder.workspace,
      binds: [{ source: folder.state, target: STATE_FOLDER, isWritable: true }],
    },
    signal,
  );
}

/**
 * Instead of `git add -A`: that writes every blob, stops at a repository within the repository, and cannot read what its
 * owner made unreadable. Files are hashed once and then known by their stat data; only trees are written.
 */
const STATE = `set -eu
mkdir -p "$GIT_OBJECT_DIRECTORY"
find . -path ./.git -prune -o -type d ! -perm -u=rwx -exec chmod u+rwx {} ';'
find . -path ./.git -prune -o -type f ! -perm -u=r -exec chmod u+r {} +
[ -f "$GIT_INDEX_FILE" ] || git read-tree HEAD
find . -mindepth 1 -name .git -prune -o '(' -type f -o -type l ')' -printf '%P\\0' | sort -z > /tmp/present
git ls-files -z > /tmp/listed
sort -z /tmp/listed > /tmp/known
comm -z -23 /tmp/known /tmp/present > /tmp/gone
git update-index -z --force-remove --stdin < /tmp/gone
# The leading ./ keeps a name such as ":(glob)x" a name. Exit code 1 says that nothing is ignored.
sed -z 's,^,./,' /tmp/present > /tmp/asked
git check-ignore -z --stdin < /tmp/asked > /tmp/answered || [ $? -eq 1 ]
sed -z 's,^\\./,,' /tmp/answered | sort -z > /tmp/ignored
comm -z -23 /tmp/present /tmp/ignored > /tmp/kept
git -c core.autocrlf=false update-index -z --add --replace --info-only --stdin < /tmp/kept
git write-tree --missing-ok
git rev-parse --verify HEAD`;

function isObject(text: string | undefined): text is string {
  return text !== undefined && /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(text);
}

export function unreadable(cause: string): GatehouseError {
  return new GatehouseError('workspace-unreadable', "git cannot read the run's workspace", {
    cause: cause.slice(0, MAX_CAUSE_LENGTH),
  });
}

/** git names every file it stumbles over, and Temporal keeps a failure's cause: a workspace could fill it. */
const MAX_CAUSE_LENGTH = 2_000;
