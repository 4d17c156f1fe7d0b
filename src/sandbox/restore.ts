import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactStore } from '../artifacts/artifact-store';
import type { Checkpoint } from '../domain/checkpoint';
import { GatehouseError } from '../domain/errors';
import { unusable } from './checkpoint-record';
import type { OsSandbox } from './os-sandbox';
import type { RunFolder } from './run-folder';

const TIMEOUT_MS = 9 * 60_000;
const PACKS = '/packs';

/**
 * Brings a fresh clone to where a checkpoint was: its branches, its files, committed or not. What was staged is not any
 * more. git runs inside the sandbox, since what it reads was written there.
 *
 * @throws GatehouseError `checkpoint-unusable`, `history-gone`, `artifact-missing`, `artifact-damaged`, `artifact-store-unavailable`
 */
export async function restoreCheckpoint(
  { sandbox, artifacts }: { sandbox: OsSandbox; artifacts: Pick<ArtifactStore, 'get'> },
  folder: RunFolder,
  checkpoint: Checkpoint,
  signal?: AbortSignal,
): Promise<void> {
  const packs = join(folder.path, 'packs');
  await rm(packs, { recursive: true, force: true });
  await mkdir(packs, { recursive: true, mode: 0o700 });
  try {
    for (const [index, hash] of checkpoint.packs.entries())
      await writeFile(join(packs, `${String(index).padStart(3, '0')}.pack`), await artifacts.get(hash));
    const { base, commit, head, branch, refs } = checkpoint;
    const result = await sandbox.run(
      {
        argv: ['/bin/sh', '-c', RESTORE, 'sh', base ?? '', commit, head, branch ?? ''],
        stdin: refs.map((ref) => `create ${ref.name} ${ref.commit}\n`).join(''),
        timeoutMs: TIMEOUT_MS,
      },
      {
        effect: 'draft',
        workspace: folder.partial,
        hasGit: false,
        binds: [{ source: packs, target: PACKS, isWritable: false }],
      },
      signal,
    );
    signal?.throwIfAborted();
    if (result.exitCode === BASE_IS_GONE)
      throw new GatehouseError(
        'history-gone',
        'the repository does not have the commit any more that the run began with',
      );
    if (result.exitCode !== 0) throw unusable(result.stderr);
  } finally {
    await rm(packs, { recursive: true, force: true });
  }
}

const BASE_IS_GONE = 65;

const RESTORE = `set -eu
base=$1 commit=$2 head=$3 branch=$4
if [ -n "$base" ]; then git cat-file -e "$base^{commit}" 2>/dev/null || exit ${BASE_IS_GONE}; fi
for pack in ${PACKS}/*.pack; do
  [ -e "$pack" ] || continue
  git index-pack --fix-thin --stdin < "$pack" > /dev/null
done
git checkout --quiet --detach
git for-each-ref --format='delete %(refname)' refs/heads | git update-ref --stdin
git update-ref --stdin
git rev-list --objects --quiet "$commit" --branches
git read-tree --reset -u "$commit"
git update-ref --no-deref HEAD "$head"
if [ -n "$branch" ]; then git symbolic-ref HEAD "$branch"; fi
git read-tree HEAD
git update-index -q --refresh || true
git rev-parse --verify --quiet HEAD > /dev/null`;
