import { z } from 'zod';
import { defineTool } from './define-tool';
import { git, NO_PROGRAMS } from './git-command';
import { failureOf, outputOf, succeeded } from './output';
import { isWithheld, judgePaths, pathArgument, workspacePath } from './paths';
import { revisionArgument } from './refs';
import type { ToolContext } from './tool';

/** What changed, against a commit or between two. */
export const gitDiff = defineTool({
  name: 'git-diff',
  description:
    'Show changes as a unified diff: of the working tree against base (default HEAD, so what is not yet committed), or between base and head.',
  parameters: z.strictObject({
    base: revisionArgument.default('HEAD').describe('Commit, branch or tag to compare with.'),
    head: revisionArgument.optional().describe('Other end of the comparison; absent means the working tree.'),
    path: pathArgument.default('.').describe('Only this file or folder.'),
    stat: z.boolean().default(false).describe('Only the files and how many lines changed.'),
  }),
  judge: (args, context) => judgePaths('read', [args.path], context),
  sensitive: [],
  idempotent: true,
  async run(args, context) {
    const path = workspacePath(args.path);
    const range = args.head === undefined ? [args.base] : [args.base, args.head];
    const names = await git(context, [
      'diff',
      ...NO_PROGRAMS,
      '--name-only',
      '--no-renames',
      '-z',
      ...range,
      '--',
      path,
    ]);
    if (names.exitCode !== 0) return failureOf(names, 'cannot compare');
    const untracked = args.head === undefined ? await untrackedFiles(context, path) : [];
    const changed = names.stdout.split('\0').filter((file) => file !== '');
    const withheld = changed.filter((file) => isWithheld(file, path, context.settings));
    const shown = changed.filter((file) => !withheld.includes(file));
    const parts: string[] = [];
    if (shown.length > 0) {
      const kind = args.stat ? ['--stat=120'] : [];
      const diff = await git(context, ['diff', ...NO_PROGRAMS, ...kind, ...range, '--', ...shown]);
      if (diff.exitCode !== 0) return failureOf(diff, 'cannot compare');
      parts.push(diff.stdout.trimEnd());
      if (diff.truncated) parts.push('(cut at the output limit; name a path)');
    }
    if (untracked.length > 0) parts.push(`New files, not yet added:\n${untracked.join('\n')}`);
    if (withheld.length > 0) parts.push(`Changed, not shown (keys or protected): ${withheld.join(', ')}`);
    return succeeded(parts.join('\n') || '(no changes)');
  },
});

/** Commits, newest first. */
export const gitLog = defineTool({
  name: 'git-log',
  description: 'List commits, newest first: hash, date, author, subject and the files changed.',
  parameters: z.strictObject({
    ref: revisionArgument.default('HEAD').describe('Where to start.'),
    path: pathArgument.default('.').describe('Only commits that touch this file or folder.'),
    limit: z.int().min(1).max(500).default(20).describe('How many commits.'),
    files: z.boolean().default(false).describe('Whether to name the files each commit changed.'),
  }),
  judge: (args, context) => judgePaths('read', [args.path], context),
  sensitive: [],
  idempotent: true,
  async run(args, context) {
    const path = workspacePath(args.path);
    const shape = ['--date=iso-strict', '--pretty=format:%h %ad %an: %s'];
    if (args.files) shape.push('--name-status');
    const limit = `--max-count=${args.limit}`;
    return outputOf(
      await git(context, ['log', ...NO_PROGRAMS, ...shape, limit, args.ref, '--', path]),
      '(no commits)',
    );
  },
});

async function untrackedFiles(context: ToolContext, path: string): Promise<string[]> {
  const result = await git(context, ['ls-files', '--others', '--exclude-standard', '-z', '--', path]);
  return result.exitCode === 0 ? result.stdout.split('\0').filter((file) => file !== '') : [];
}
