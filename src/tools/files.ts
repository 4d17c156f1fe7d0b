import { z } from 'zod';
import { isGitPath } from '../shell/protected-paths';
import { defineTool } from './define-tool';
import { failed, failureOf, succeeded } from './output';
import { judgePaths, pathArgument, workspacePath } from './paths';
import { runScript } from './shell';

const MAX_LINES = 2000;
/** Files up to this size are read whole and cut here. */
const MAX_WHOLE_BYTES = 4 * 1024 * 1024;
/** A text has no NUL in its first characters. */
const BINARY_PROBE_LENGTH = 8_000;

/** Reads a text file, or lists a folder. */
export const readFile = defineTool({
  name: 'read-file',
  description:
    'Read a text file of the workspace, or list a folder. Long files come in parts: use offset and limit.',
  parameters: z.strictObject({
    path: pathArgument.describe('Path relative to the workspace, such as `modules/storage/main.tf`.'),
    offset: z.int().min(1).default(1).describe('First line to read, counted from 1.'),
    limit: z.int().min(1).max(MAX_LINES).default(MAX_LINES).describe('How many lines to read.'),
  }),
  judge: (args, context) => judgePaths('read', [args.path], context),
  sensitive: [],
  idempotent: true,
  async run(args, context) {
    const path = workspacePath(args.path);
    const last = args.offset + args.limit - 1;
    const whole = await runScript(context, READ, [path], { maxOutputBytes: MAX_WHOLE_BYTES });
    // Every program of a script costs a millisecond or two: only a large file is cut by them.
    const result = whole.truncated
      ? await runScript(context, READ_PART, [path, String(args.offset), String(last)])
      : whole;
    if (result.exitCode !== 0) return failureOf(result, `cannot read \`${path}\``);
    const newline = result.stdout.indexOf('\n');
    const [kind, counted] = result.stdout.slice(0, newline).split(' ');
    const body = result.stdout.slice(newline + 1);
    if (kind === 'folder') return succeeded(body.trimEnd() || '(an empty folder)');
    if (body.slice(0, BINARY_PROBE_LENGTH).includes('\0'))
      return failed(`cannot read \`${path}\`: it is a binary file`, 66);
    const total = counted === undefined ? linesOf(body) : Number(counted);
    const part = counted === undefined ? sliceOf(body, args.offset, last) : body;
    return succeeded(partOf(part, args.offset, last, total, result.truncated));
  },
});

/** Writes a whole file; the folders on its way are made. */
export const writeFile = defineTool({
  name: 'write-file',
  description: 'Write a file of the workspace, whole: what it held before is replaced. Folders are made.',
  parameters: z.strictObject({
    path: pathArgument.describe('Path relative to the workspace.'),
    content: z.string().max(900_000).describe('The whole new content, as text.'),
  }),
  judge: (args, context) => judgePaths('draft', [args.path], context),
  sensitive: [],
  idempotent: true,
  async run(args, context) {
    const path = workspacePath(args.path);
    if (path === '.' || args.path.endsWith('/'))
      return failed(`cannot write \`${args.path}\`: it names a folder`);
    const result = await runScript(context, WRITE, [path], { stdin: args.content });
    if (result.exitCode !== 0) return failureOf(result, `cannot write \`${path}\``);
    return succeeded(`wrote \`${path}\` (${Buffer.byteLength(args.content)} bytes)`);
  },
});

/** Lists files, leaving out what git ignores. */
export const listFiles = defineTool({
  name: 'list-files',
  description:
    'List the files of the workspace or of one folder, with those below it. Files ignored by git are left out.',
  parameters: z.strictObject({
    path: pathArgument.default('.').describe('Folder relative to the workspace.'),
    pattern: z
      .string()
      .min(1)
      .max(500)
      .optional()
      .describe('Only files that match, such as `*.tf` or `modules/**`.'),
    limit: z.int().min(1).max(5000).default(1000).describe('How many files to name at most.'),
  }),
  judge: (args, context) => judgePaths('read', [args.path], context),
  sensitive: [],
  idempotent: true,
  async run(args, context) {
    const path = workspacePath(args.path);
    const globs = args.pattern === undefined ? [] : [`--glob=${args.pattern}`];
    const result = await runScript(context, LIST, [path, ...globs]);
    // ripgrep ends with 1 when nothing matched.
    if (result.exitCode !== 0 && result.exitCode !== 1) return failureOf(result, `cannot list \`${path}\``);
    const files = result.stdout.split('\0').filter((file) => file !== '' && !isGitPath(file));
    if (files.length === 0) return succeeded('(no files)');
    const shown = files.slice(0, args.limit).map((file) => file.replace(/^(\.\/)+/, ''));
    const rest = files.length - shown.length;
    return succeeded(rest > 0 ? `${shown.join('\n')}\n(and ${rest} more)` : shown.join('\n'));
  },
});

function linesOf(text: string): number {
  if (text === '') return 0;
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
}

/** Lines first to last, counted from 1, each with its end. */
function sliceOf(text: string, first: number, last: number): string {
  return text
    .split(/(?<=\n)/)
    .slice(first - 1, last)
    .join('');
}

function partOf(body: string, first: number, last: number, total: number, isTruncated: boolean): string {
  if (total === 0) return '(an empty file)';
  if (first > total) return `(the file has ${total} lines)`;
  const notes: string[] = [];
  if (first > 1 || last < total) notes.push(`(lines ${first} to ${Math.min(last, total)} of ${total})`);
  if (isTruncated) notes.push('(cut at the output limit; read fewer lines at a time)');
  return notes.length === 0 ? body : `${body.replace(/\n$/, '')}\n${notes.join('\n')}`;
}

const READ = `inside "$1"
if [ -d "$real" ]; then
  echo folder
  exec ls -1ApN -I .git -- "$real"
elif [ -f "$real" ]; then
  echo file
  exec cat -- "$real"
elif [ -e "$real" ]; then echo 'it is neither a file nor a folder' >&2; exit 66
else echo 'there is no such file' >&2; exit 66
fi`;

const READ_PART = `inside "$1"
[ -f "$real" ] || { echo 'there is no such file' >&2; exit 66; }
if [ "$(head -c ${BINARY_PROBE_LENGTH} -- "$real" | tr -dc '\\000' | wc -c)" -gt 0 ]; then
  echo 'it is a binary file' >&2; exit 66
fi
echo "file $(awk 'END { print NR }' "$real")"
sed -n "$2,$3p;$3q" -- "$real"`;

// Written beside the target and renamed, so that nobody sees half a file; a file's mode is kept.
const WRITE = `inside "$1"
if [ -d "$real" ]; then echo 'it is a folder' >&2; exit 66; fi
mkdir -p -- "$(dirname -- "$real")"
new=$(mktemp -- "$(dirname -- "$real")/.gatehouse-write.XXXXXX")
trap 'rm -f -- "$new"' EXIT
cat > "$new"
if [ -f "$real" ]; then chmod --reference="$real" -- "$new"; else chmod 644 -- "$new"; fi
mv -f -- "$new" "$real"`;

const LIST = `inside "$1"; path=$1; shift
[ -d "$real" ] || { echo 'there is no such folder' >&2; exit 66; }
exec rg --no-config --files --hidden --null --sort path "$@" --glob='!.git' -- "./$path"`;
