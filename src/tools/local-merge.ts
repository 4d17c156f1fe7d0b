import { GatehouseError } from '../domain/errors';
import { hostGit } from './host-git';
import type { PullRecord } from './local-pulls';

/** What merging would do; `merge` carries the merged tree. */
export type Mergeability =
  | { kind: 'fast-forward' }
  | { kind: 'merge'; tree: string }
  | { kind: 'conflict'; files: string[] };

/** Tries a merge on objects alone, without a working tree. Needs git 2.38 where it is no fast-forward. */
export async function mergeability(bare: string, base: string, head: string): Promise<Mergeability> {
  const ancestor = await hostGit(bare, ['merge-base', '--is-ancestor', base, head]);
  if (ancestor.exitCode === 0) return { kind: 'fast-forward' };
  const merged = await hostGit(bare, [
    'merge-tree',
    '--write-tree',
    '--name-only',
    '--no-messages',
    base,
    head,
  ]);
  const [tree = '', ...files] = merged.stdout.split('\n').filter((line) => line !== '');
  if (merged.exitCode === 0) return { kind: 'merge', tree };
  if (merged.exitCode === 1) return { kind: 'conflict', files };
  throw new GatehouseError('merge-failed', 'git could not try the merge; it needs git 2.38 or newer', {
    cause: merged.stderr,
  });
}

/**
 * Merges the head of a pull request into its base.
 *
 * @throws GatehouseError `pull-request-not-mergeable` on conflicts, or when the base moved meanwhile
 */
export async function mergeBranches(
  bare: string,
  record: PullRecord,
): Promise<NonNullable<PullRecord['merged']>> {
  const base = await commitOf(bare, record.base);
  const head = await commitOf(bare, record.head);
  const outcome = await mergeability(bare, base, head);
  if (outcome.kind === 'conflict')
    throw notMergeable(record, `conflicts in ${outcome.files.map((file) => `\`${file}\``).join(', ')}`);
  const result =
    outcome.kind === 'fast-forward' ? head : await commitMerge(bare, outcome.tree, base, head, record);
  // Moves only from the commit that was looked at.
  const moved = await hostGit(bare, ['update-ref', `refs/heads/${record.base}`, result, base]);
  if (moved.exitCode !== 0)
    throw notMergeable(record, `\`${record.base}\` moved meanwhile; try again`, moved.stderr);
  return { base, head, result };
}

async function commitMerge(bare: string, tree: string, base: string, head: string, record: PullRecord) {
  const message = `Merge pull request #${record.number} from ${record.head}\n\n${record.title}`;
  const who = { NAME: 'Gatehouse forge', EMAIL: 'forge@gatehouse.invalid' };
  const made = await hostGit(bare, ['commit-tree', tree, '-p', base, '-p', head, '-m', message], {
    GIT_AUTHOR_NAME: who.NAME,
    GIT_AUTHOR_EMAIL: who.EMAIL,
    GIT_COMMITTER_NAME: who.NAME,
    GIT_COMMITTER_EMAIL: who.EMAIL,
  });
  if (made.exitCode !== 0)
    throw new GatehouseError('merge-failed', 'git could not make the merge commit', { cause: made.stderr });
  return made.stdout.trim();
}

async function commitOf(bare: string, branch: string): Promise<string> {
  const found = await hostGit(bare, ['rev-parse', '--verify', '--quiet', `refs/heads/${branch}^{commit}`]);
  if (found.exitCode !== 0)
    throw new GatehouseError('branch-unknown', `the forge has no branch \`${branch}\``);
  return found.stdout.trim();
}

function notMergeable(record: PullRecord, why: string, cause?: unknown): GatehouseError {
  return new GatehouseError(
    'pull-request-not-mergeable',
    `pull request #${record.number} cannot be merged: ${why}`,
    {
      cause,
    },
  );
}
