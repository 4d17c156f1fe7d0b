import { z } from 'zod';
import { defineTool } from './define-tool';
import { failureOf, succeeded } from './output';
import { judgePaths, pathArgument, workspacePath } from './paths';
import { runScript } from './shell';
import type { ToolContext, ToolOutput } from './tool';
import { readFilesBelow } from './workspace-files';

const instant = z.iso.datetime({ offset: true, local: true }).or(z.iso.date());

/** Searches text logs kept in the workspace. */
export const queryLogs = defineTool({
  name: 'query-logs',
  description:
    'Search log files of the workspace by text and time, and show the last lines that match. Lines without a time of their own belong to the line before.',
  parameters: z.strictObject({
    path: pathArgument
      .default('.')
      .describe('A log file, or a folder whose `.log`, `.jsonl` and `.out` files are read.'),
    pattern: z.string().min(1).max(1000).optional().describe('Regular expression a line must match.'),
    since: instant.optional().describe('Only from this time on, such as `2026-01-31T08:00:00Z`.'),
    until: instant.optional().describe('Only before this time.'),
    limit: z.int().min(1).max(2000).default(200).describe('How many lines to show, the last ones.'),
  }),
  judge: (args, context) => judgePaths('read', [args.path], context),
  sensitive: [],
  idempotent: true,
  async run(args, context) {
    const path = workspacePath(args.path);
    const files = await readFilesBelow(context, path, ['.log', '.jsonl', '.out']);
    if (!Array.isArray(files)) return files;
    const since = args.since === undefined ? Number.NEGATIVE_INFINITY : timeOf(args.since);
    const until = args.until === undefined ? Number.POSITIVE_INFINITY : timeOf(args.until);
    const lines = files.flatMap((file) => linesOf(file.path, file.text, since, until));
    const matching = args.pattern === undefined ? lines : await matches(context, args.pattern, lines);
    if (!Array.isArray(matching)) return matching;
    if (matching.length === 0) return succeeded(files.length === 0 ? '(no log files)' : '(no lines)');
    const shown = matching.slice(-args.limit).map(({ file, number, text }) => `${file}:${number}:${text}`);
    const dropped = matching.length - shown.length;
    return succeeded(dropped > 0 ? `(${dropped} earlier lines)\n${shown.join('\n')}` : shown.join('\n'));
  },
});

interface LogLine {
  file: string;
  number: number;
  text: string;
}

function linesOf(file: string, content: string, since: number, until: number): LogLine[] {
  const isTimed = since !== Number.NEGATIVE_INFINITY || until !== Number.POSITIVE_INFINITY;
  const lines: LogLine[] = [];
  let time = Number.NaN;
  for (const [index, text] of content.replace(/\n$/, '').split('\n').entries()) {
    if (isTimed) time = stampOf(text) ?? time;
    // Not a number before the first time of a file: such lines are in no span.
    if (!isTimed || (time >= since && time < until)) lines.push({ file, number: index + 1, text });
  }
  return lines;
}

// ripgrep judges the pattern, in the sandbox: a model's pattern could keep our own process busy for ever.
async function matches(
  context: ToolContext,
  pattern: string,
  lines: LogLine[],
): Promise<LogLine[] | ToolOutput> {
  const result = await runScript(
    context,
    'exec rg --no-config --text --line-number --only-matching --replace= --regexp="$1" -',
    [pattern],
    {
      stdin: lines.map(({ text }) => text).join('\n'),
      maxOutputBytes: 4 * 1024 * 1024,
    },
  );
  if (result.exitCode === 1) return [];
  if (result.exitCode !== 0) return failureOf(result, 'cannot search');
  const numbers = new Set(result.stdout.split('\n').map((line) => Number.parseInt(line, 10)));
  return lines.filter((_, index) => numbers.has(index + 1));
}

const STAMP = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?/;

/** The first ISO 8601 time near the start of a line, in milliseconds since the epoch; UTC where none is named. */
function stampOf(line: string): number | null {
  const stamp = STAMP.exec(line.slice(0, 400))?.[0];
  if (stamp === undefined) return null;
  const time = timeOf(
    stamp
      .replace(' ', 'T')
      .replace(',', '.')
      .replace(/([+-]\d\d)(\d\d)$/, '$1:$2'),
  );
  return Number.isNaN(time) ? null : time;
}

function timeOf(text: string): number {
  const hasZone = /(?:Z|[+-]\d\d:\d\d)$/.test(text) || !text.includes('T');
  return Date.parse(hasZone ? text : `${text}Z`);
}
