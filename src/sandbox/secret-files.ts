import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { OsSandbox } from './os-sandbox';
import type { RunFolder } from './run-folder';
import type { SecretFinder } from './secret-finder';
import { runState, STATE_FOLDER, unreadable } from './workspace-state';

/** What is about to leave the workspace: by a commit what is staged, by a push what the run committed. */
export type Leaving = 'staged' | 'unpushed';

/** Most bytes of objects that are looked through; what holds more stays. */
const MAX_BYTES = 128 * 1024 * 1024;

/**
 * Where a secret stands in what is about to leave: paths, and `a commit message` for those. Everything is read in this
 * process: no program of a sandbox is given what to look for.
 *
 * @throws GatehouseError `workspace-unreadable`: nothing leaves unseen
 */
export async function secretFilesIn(
  { sandbox, folder, finder }: { sandbox: OsSandbox; folder: RunFolder; finder: SecretFinder },
  leaving: Leaving,
  signal?: AbortSignal,
): Promise<string[]> {
  const base = (await readFile(folder.base, 'utf8')).trim();
  const script = `set -eu\n${LIST[leaving]}\n${LOOK}`;
  const result = await runState(sandbox, folder, script, [base], signal);
  signal?.throwIfAborted();
  if (result.exitCode !== 0 || result.truncated) throw unreadable(result.stderr);
  return foundIn(folder, finder);
}

const LIST: Record<Leaving, string> = {
  // The index is git's own one here, and not ours.
  staged: `GIT_INDEX_FILE=/workspace/.git/index git diff-index --cached --no-renames --no-ext-diff --raw --no-abbrev --diff-filter=AMT HEAD |
  sed -n 's/^:[0-9]* 1[02][0-9]* [0-9a-f]* \\([0-9a-f]*\\) [A-Z]\t/\\1 /p' > /tmp/objects`,
  unpushed: `git rev-list --objects HEAD --not "$1" > /tmp/objects`,
};

/** From `/tmp/objects`, lines of an object and its path: what they hold, for {@link foundIn}. */
// git lists an object once, whatever the number of its paths: all those in a tree are listed beside it.
export const LOOK = `if [ -n "\${tree:-}" ]; then git ls-tree -r -z "$tree" > ${STATE_FOLDER}/names; fi
cut -d ' ' -f 1 /tmp/objects | git cat-file --batch-check='%(objectsize)' | awk '{ s += $1 } END { exit s > ${MAX_BYTES} }'
cp /tmp/objects ${STATE_FOLDER}/objects-listed
cut -d ' ' -f 1 /tmp/objects | git cat-file --batch > ${STATE_FOLDER}/looked-at`;

/** Paths of what {@link LOOK} left that hold a secret. */
export async function foundIn(folder: RunFolder, finder: SecretFinder): Promise<string[]> {
  const files = ['objects-listed', 'names', 'looked-at'].map((name) => join(folder.state, name));
  const [listed = '', named = '', looked = ''] = files;
  try {
    const paths = pathsIn(await readFile(listed, 'utf8'), await readFile(named, 'utf8').catch(() => ''));
    const found = new Set<string>();
    for (const { id, kind, content } of objectsIn(await readFile(looked)))
      if (finder.isIn(content))
        for (const path of kind === 'commit' ? [COMMIT_MESSAGE] : (paths.get(id) ?? ['.'])) found.add(path);
    return [...found];
  } finally {
    await Promise.all(files.map((path) => rm(path, { force: true })));
  }
}

/** Of objects: `id SP path LF` of a walk, `mode kind id TAB path NUL` of a tree. */
function pathsIn(walk: string, tree: string): Map<string, string[]> {
  const paths = new Map<string, string[]>();
  const add = (id: string, path: string) => path && paths.set(id, [...(paths.get(id) ?? []), path]);
  for (const entry of tree.split('\0')) {
    const [, id = '', path = ''] = /^\d+ \w+ ([0-9a-f]+)\t(.*)$/s.exec(entry) ?? [];
    add(id, path);
  }
  for (const line of walk.split('\n')) {
    const [, id = '', path = ''] = /^([0-9a-f]+) (.+)$/.exec(line) ?? [];
    if (!paths.has(id)) add(id, path);
  }
  return paths;
}

/** Stands for a path where it is no file that holds the secret. */
export const COMMIT_MESSAGE = 'a commit message';

/** `id SP kind SP size LF bytes LF`, one after the other. */
function* objectsIn(bytes: Buffer): Generator<{ id: string; kind: string; content: Buffer }> {
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(0x0a, start);
    const [id = '', kind = '', size] = bytes.toString('latin1', start, end).split(' ');
    const length = Number(size);
    if (end < 0 || !Number.isSafeInteger(length)) throw unreadable('not an object');
    yield { id, kind, content: bytes.subarray(end + 1, end + 1 + length) };
    start = end + 1 + length + 1;
  }
}
