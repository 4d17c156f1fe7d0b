import { z } from 'zod';
import { defineTool } from './define-tool';
import { failureOf, succeeded } from './output';
import { isWithheld, judgePaths, pathArgument, workspacePath } from './paths';
import { runScript } from './shell';

/** Searches text with ripgrep. */
export const searchFiles = defineTool({
  name: 'search-files',
  description:
    'Search the text of files with a regular expression (ripgrep). Files ignored by git and files of keys are left out.',
  parameters: z.strictObject({
    pattern: z.string().min(1).max(1000).describe('Regular expression, or plain text with literal.'),
    path: pathArgument.default('.').describe('File or folder relative to the workspace.'),
    glob: z.string().min(1).max(500).optional().describe('Only files that match, such as `*.tf`.'),
    literal: z.boolean().default(false).describe('Whether pattern is plain text.'),
    ignoreCase: z.boolean().default(false).describe('Whether letter case does not count.'),
    contextLines: z.int().min(0).max(10).default(0).describe('Lines shown around each match.'),
    limit: z.int().min(1).max(2000).default(200).describe('How many lines to show at most.'),
  }),
  judge: (args, context) => judgePaths('read', [args.path], context),
  sensitive: [],
  idempotent: true,
  async run(args, context) {
    const path = workspacePath(args.path);
    const options = [`--context=${args.contextLines}`, `--regexp=${args.pattern}`];
    if (args.literal) options.push('--fixed-strings');
    if (args.ignoreCase) options.push('--ignore-case');
    if (args.glob !== undefined) options.push(`--glob=${args.glob}`);
    const result = await runScript(context, SEARCH, [path, ...options]);
    if (result.exitCode === 1) return succeeded('(no matches)');
    if (result.exitCode !== 0) return failureOf(result, 'cannot search');
    const lines = shownLines(result.stdout, (file) => isWithheld(file, path, context.settings));
    if (lines.length === 0) return succeeded('(no matches)');
    const shown = lines.slice(0, args.limit);
    if (lines.length > shown.length) shown.push(`(and ${lines.length - shown.length} more lines)`);
    if (result.truncated) shown.push('(cut at the output limit; search for less)');
    return succeeded(shown.join('\n'));
  },
});

/** Lines of `path NUL number separator text`, as `path:number:text`. */
function shownLines(output: string, isLeftOut: (file: string) => boolean): string[] {
  const lines: string[] = [];
  for (const line of output.split('\n')) {
    const end = line.indexOf('\0');
    if (end < 0) continue;
    const file = line.slice(0, end).replace(/^(\.\/)+/, '');
    if (!isLeftOut(file)) lines.push(`${file}:${line.slice(end + 1)}`);
  }
  return lines;
}

const SEARCH = `inside "$1"; path=$1; shift
[ -e "$real" ] || { echo 'there is no such path' >&2; exit 66; }
exec rg --no-config --hidden --null --with-filename --line-number --no-heading --color=never --sort path \\
  --max-columns=500 --max-columns-preview "$@" --glob='!.git' -- "./$path"`;
