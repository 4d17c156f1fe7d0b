import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactStore } from '../artifacts/artifact-store';
import type { Checkpoint } from '../domain/checkpoint';
import { GatehouseError } from '../domain/errors';
import { checkpointOf, readRecord, writeRecord } from './checkpoint-record';
import type { OsSandbox } from './os-sandbox';
import type { RunFolder } from './run-folder';
import { foundIn, LOOK } from './secret-files';
import type { SecretFinder } from './secret-finder';
import { runState, STATE_FOLDER, unreadable } from './workspace-state';

/** Largest pack that is kept; beyond it the workspace has no newer checkpoint. */
const MAX_PACK_BYTES = 48 * 1024 * 1024;
/** How many packs build upon each other; then one holds everything again. */
const MAX_PACKS = 16;
/** Files of so many digits of bytes and more stay out. */
const TOO_LARGE_DIGITS = 8;
/** Most names of files that are said to be missing. */
const MAX_NAMES = 20;

export interface CheckpointKeeper {
  /**
   * Keeps what changed since the latest checkpoint. The state of the workspace was read just before.
   *
   * @param finder looks for the run's credentials: files with one are left out
   * @returns sha-256 of the {@link Checkpoint}; null while the workspace is as it was cloned
   * @throws GatehouseError `workspace-unreadable`, `checkpoint-too-large`, `artifact-store-unavailable`,
   * `checkpoint-holds-credential` where it is commits that hold one
   */
  keep(
    folder: RunFolder,
    artifacts: Pick<ArtifactStore, 'put'>,
    finder: SecretFinder | null,
    signal?: AbortSignal,
  ): Promise<string | null>;
}

export function createCheckpointKeeper({ sandbox }: { sandbox: OsSandbox }): CheckpointKeeper {
  /** The objects that are new, or null where none is. */
  async function keepPack(folder: RunFolder, artifacts: Pick<ArtifactStore, 'put'>): Promise<string | null> {
    const path = join(folder.state, 'pack');
    try {
      const { size } = await stat(path);
      if (size > MAX_PACK_BYTES)
        throw new GatehouseError(
          'checkpoint-too-large',
          `what changed in the workspace takes ${size} bytes, more than the ${MAX_PACK_BYTES} of a checkpoint`,
        );
      const bytes = await readFile(path);
      return bytes.readUInt32BE(8) === 0 ? null : await artifacts.put(bytes);
    } finally {
      await rm(path, { force: true });
    }
  }

  async function make(
    folder: RunFolder,
    { base, known, withheld, isLookedAt }: Making,
    signal?: AbortSignal,
  ): Promise<Made & { isUntouched: boolean }> {
    await mkdir(folder.state, { recursive: true, mode: 0o700 });
    await writeFile(join(folder.state, 'withheld'), withheld.map((path) => `${path}\0`).join(''));
    const args = [base ?? '', known[0] ?? '', isLookedAt ? 'look' : ''];
    const result = await runState(sandbox, folder, MAKE, args, signal, `${known.join('\n')}\n`);
    signal?.throwIfAborted();
    if (result.exitCode !== 0 || result.truncated) throw unreadable(result.stderr);
    return readMade(result.stdout);
  }

  return {
    async keep(folder, artifacts, finder, signal) {
      const { base, latest } = await readRecord(folder);
      const began = (await readFile(folder.base, 'utf8')).trim();
      const isWhole = !latest || latest.checkpoint.packs.length >= MAX_PACKS;
      const known = isWhole
        ? []
        : [latest.checkpoint.commit, ...latest.checkpoint.refs.map((ref) => ref.commit)];
      const made = (withheld: readonly string[]) =>
        make(folder, { base, known, withheld, isLookedAt: finder !== null }, signal);
      let { isUntouched, ...found } = await made([]);
      const withheld = finder ? await foundIn(folder, finder) : [];
      if (finder && withheld.length > 0) {
        ({ isUntouched, ...found } = await made(withheld));
        found.notKept.withheld = withheld.slice(0, MAX_NAMES);
        // What is committed cannot be left out.
        if ((await foundIn(folder, finder)).length > 0) throw holdsCredential('commits');
      }
      if (latest ? isSame(found, latest.checkpoint) : isUntouched && found.head === began)
        return latest?.artifact ?? null;
      const pack = await keepPack(folder, artifacts);
      const checkpoint = checkpointOf(
        Buffer.from(
          JSON.stringify({
            ...found,
            base,
            began,
            packs: [...(isWhole ? [] : latest.checkpoint.packs), ...(pack === null ? [] : [pack])],
          }),
        ),
      );
      const text = JSON.stringify(checkpoint);
      if (finder?.isIn(Buffer.from(text))) throw holdsCredential('names');
      const artifact = await artifacts.put(text);
      await writeRecord(folder, { base, latest: { artifact, checkpoint } });
      return artifact;
    },
  };
}

function holdsCredential(what: string): GatehouseError {
  return new GatehouseError(
    'checkpoint-holds-credential',
    `${what} of the workspace hold a credential of this run, so that no checkpoint is kept`,
  );
}

interface Making {
  base: string | null;
  /** Commits that earlier packs hold. */
  known: readonly string[];
  /** Files that stay as they are committed. */
  withheld: readonly string[];
  isLookedAt: boolean;
}

/**
 * The files as they are become a commit on top of HEAD that nothing in the workspace names: index, branches and files
 * stay as they are. From the standard input come commits that earlier packs hold.
 */
const MAKE = `set -eu
base=$1 last=$2 look=$3
export GIT_AUTHOR_DATE='2000-01-01T00:00:00Z' GIT_COMMITTER_DATE='2000-01-01T00:00:00Z'
head=$(git rev-parse --verify HEAD)
changed() { git diff-index --cached --no-renames --no-ext-diff -z --name-only --diff-filter="$1" HEAD; }
changed AMT > /tmp/changed
changed D > /tmp/deleted
sed -z 's,^,./,' /tmp/changed | xargs -0 -r stat --printf '%s %n\\0' -- > /tmp/sizes
pick() { grep -z "$@" /tmp/sizes || [ $? -eq 1 ]; }
pick -E '^[0-9]{${TOO_LARGE_DIGITS},} ' | sed -z 's,^[0-9]* \\./,,' > /tmp/too-large
pick -v -E '^[0-9]{${TOO_LARGE_DIGITS},} ' | sed -z 's,^[0-9]* \\./,,' | sort -z > /tmp/to-keep
sort -z ${STATE_FOLDER}/withheld > /tmp/withheld
comm -z -23 /tmp/to-keep /tmp/withheld > /tmp/kept
git ls-files --others --ignored --exclude-standard --directory --no-empty-directory -z > /tmp/ignored
export GIT_INDEX_FILE=${STATE_FOLDER}/checkpoint-index
rm -f "$GIT_INDEX_FILE"
git read-tree HEAD
git update-index -z --force-remove --stdin < /tmp/deleted
git -c core.autocrlf=false update-index -z --add --replace --stdin < /tmp/kept
tree=$(git write-tree)
# git leaves out what parents have: the checkpoint before is one.
if [ -n "$last" ] && git cat-file -e "$last^{commit}" 2> /dev/null; then parent="-p $last"; else parent=; fi
commit=$(git commit-tree -m 'Checkpoint' -p "$head" $parent "$tree")
git for-each-ref --format='%(objectname) %(refname)' refs/heads refs/stash > /tmp/refs
{
  echo "$commit"
  cut -d ' ' -f 1 /tmp/refs
  if [ -n "$base" ]; then echo "^$base"; fi
  git cat-file --batch-check='%(objecttype) %(objectname)' | sed -n 's/^commit /^/p'
} > /tmp/revisions
if [ -n "$look" ]; then
  git rev-list --objects --stdin < /tmp/revisions > /tmp/objects
  ${LOOK}
fi
git pack-objects --quiet --revs --thin --stdout < /tmp/revisions > ${STATE_FOLDER}/pack
printf '%s\\0' "$commit" "$tree" "$head" "$(git symbolic-ref --quiet HEAD || true)"
if [ "$tree" = "$(git rev-parse --verify 'HEAD^{tree}')" ]; then printf 'untouched\\0'; else printf 'touched\\0'; fi
printf '%s\\0' "$(cat /tmp/refs)"
head -z -n ${MAX_NAMES} /tmp/too-large
printf '\\0'
head -z -n ${MAX_NAMES} /tmp/ignored`;

type Made = Omit<Checkpoint, 'base' | 'began' | 'packs'>;

function readMade(output: string): Made & { isUntouched: boolean } {
  const [commit = '', tree = '', head = '', branch = '', touched, refs = '', ...names] = output.split('\0');
  const middle = names.indexOf('');
  return {
    commit,
    tree,
    head,
    branch: branch === '' ? null : branch,
    isUntouched: touched === 'untouched',
    refs: refs
      .split('\n')
      .filter(Boolean)
      .map((line) => ({ commit: line.slice(0, line.indexOf(' ')), name: line.slice(line.indexOf(' ') + 1) })),
    notKept: {
      tooLarge: names.slice(0, middle),
      ignored: names.slice(middle + 1).filter(Boolean),
    },
  };
}

function isSame(made: Made, latest: Made): boolean {
  return JSON.stringify(ordered(made)) === JSON.stringify(ordered(latest));
}

function ordered({ tree, head, branch, refs, notKept }: Made) {
  const { ignored, tooLarge, withheld = [] } = notKept;
  return [tree, head, branch, refs.map((ref) => [ref.name, ref.commit]), ignored, tooLarge, withheld];
}
