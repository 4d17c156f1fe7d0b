import { chmod, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { GatehouseError } from '../domain/errors';
import { kindOfRepository } from '../domain/repository';
import { branchOf } from '../domain/run';

import type { Confinement, OsSandbox } from './os-sandbox';
import type { RunFolder } from './run-folder';

export interface CloneSource {
  /** Path of a repository on this host, or an https URL; null for an empty workspace. */
  repo: string | null;
  /** What messages call it: what was asked for, where `repo` is a copy of our own. */
  name: string | null;
  /** What `origin` is set to afterwards. */
  remoteUrl: string | null;
}

const CLONE_TIMEOUT_MS = 9 * 60_000;

/**
 * Makes a run's workspace in one step: it is there whole or not at all, however often this was broken off before.
 * The source is only read. git runs inside the sandbox here too: a repository may be written by anyone.
 *
 * @param restore what else is done before it is there
 * @returns the commit it was made from
 * @throws GatehouseError `repository-missing`, `repository-unsupported`, `repository-unavailable`, and what `restore` throws
 */
export async function cloneWorkspace(
  sandbox: OsSandbox,
  folder: RunFolder,
  runId: string,
  source: CloneSource,
  signal?: AbortSignal,
  restore?: () => Promise<void>,
): Promise<string> {
  const origin = source.repo === null ? null : await originOf(source.repo);
  await rm(folder.partial, { recursive: true, force: true });
  await mkdir(folder.partial, { recursive: true, mode: 0o700 });
  await chmod(folder.partial, 0o700);
  const result = await sandbox.run(
    {
      argv: [
        '/bin/sh',
        '-c',
        origin ? CLONE : INIT,
        'sh',
        origin?.inside ?? '',
        branchOf(runId),
        source.remoteUrl ?? '',
      ],
      timeoutMs: CLONE_TIMEOUT_MS,
    },
    {
      effect: origin?.network ? 'sandbox' : 'draft',
      workspace: folder.partial,
      hasGit: false,
      ...origin?.confinement,
    },
    signal,
  );
  signal?.throwIfAborted();
  if (result.exitCode !== 0)
    throw new GatehouseError(
      'repository-unavailable',
      `the repository \`${source.name === null ? 'of an empty workspace' : shown(source.name)}\` cannot be cloned${result.killed ? ' in time' : ''}`,
      { cause: result.stderr.slice(0, 2_000) },
    );
  // Before the workspace is there: from then on the run's programs move its branches.
  const base = result.stdout.trim();
  await writeFile(folder.base, base, { mode: 0o600 });
  await restore?.();
  await rename(folder.partial, folder.workspace);
  return base;
}

interface Origin {
  /** As git inside the sandbox names it. */
  inside: string;
  network: boolean;
  confinement: Pick<Confinement, 'binds' | 'network'>;
}

const INSIDE_SOURCE = '/source';

/**
 * Refuses what cannot be cloned, before anything is tried.
 *
 * @throws GatehouseError `repository-missing`, `repository-unsupported`
 */
export async function requireRepository(repo: string): Promise<void> {
  const kind = kindOfRepository(repo);
  if (kind === 'https') return;
  if (kind === 'unsupported')
    throw new GatehouseError(
      'repository-unsupported',
      `the repository \`${shown(repo)}\` is neither a path on this host nor an https URL`,
    );
  if (!(await stat(resolve(repo)).catch(() => null))?.isDirectory())
    throw new GatehouseError('repository-missing', `there is no repository at \`${repo}\` on this host`);
}

async function originOf(repo: string): Promise<Origin> {
  await requireRepository(repo);
  if (repo.startsWith('https:'))
    return { inside: repo, network: true, confinement: { network: [new URL(repo).host] } };
  const source = { source: resolve(repo), target: INSIDE_SOURCE, isWritable: false };
  return { inside: INSIDE_SOURCE, network: false, confinement: { binds: [source] } };
}

// The owner of a source does not matter, and git hides its own variables from the far side of a clone: hence a file.
const PRELUDE = `set -eu
source=$1 branch=$2 remote=$3
printf '[safe]\\n\\tdirectory = *\\n' > /tmp/gitconfig
export GIT_CONFIG_GLOBAL=/tmp/gitconfig`;

/** Made here, so that nothing of a template or of the run decides what is in them. */
const FINISH = `git config user.name 'Gatehouse agent'
git config user.email agent@gatehouse.invalid
mkdir -p .git/hooks
git rev-parse --verify --quiet HEAD >/dev/null || git commit --quiet --no-verify --allow-empty --message 'Empty workspace'
git checkout --quiet -B "$branch"
if [ -n "$remote" ]; then git remote set-url origin "$remote" 2>/dev/null || git remote add origin "$remote"; fi
git rev-parse --verify HEAD`;

const CLONE = `${PRELUDE}
git clone --quiet --no-hardlinks --no-recurse-submodules --template= -- "$source" .
${FINISH}`;

const INIT = `${PRELUDE}
git init --quiet --template= --initial-branch=main .
${FINISH}`;

function shown(repo: string): string {
  return repo.replace(/\/\/[^/@]*@/, '//');
}
