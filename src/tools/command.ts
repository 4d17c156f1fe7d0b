import { z } from 'zod';
import { analyseCommand } from '../shell/analyse-command';
import { defineTool } from './define-tool';
import { outputOf, succeeded } from './output';
import { judgePaths, normalizePath, pathArgument, workspacePath } from './paths';
import { runScript } from './shell';

const parameters = z.strictObject({
  command: z.string().max(50_000).describe('Text for bash.'),
  cwd: pathArgument.default('.').describe('Folder to run in, relative to the workspace.'),
  timeoutMs: z.int().min(100).max(600_000).default(120_000).describe('Milliseconds until it is stopped.'),
});

/** Runs bash text in the sandbox. */
export const runCommand = defineTool<z.infer<typeof parameters>>({
  name: 'run-command',
  description:
    'Run a bash command in the workspace, in an isolated sandbox. Prefer the named tools where one fits.',
  parameters,
  judge(args, context) {
    const place = judgePaths('read', [args.cwd], context);
    if (isBlank(args.command)) return place;
    // Outside the workspace nothing runs, so that what it would do there does not matter.
    const cwd = normalizePath(args.cwd) ?? '.';
    const command = analyseCommand(args.command, { ...context, cwd });
    return {
      ...command,
      marks: [...new Set([...command.marks, ...place.marks])],
      findings: [...(place.findings ?? []), ...(command.findings ?? [])],
    };
  },
  sensitive: [],
  idempotent: false,
  mayAsk: true,
  async run(args, context) {
    const cwd = workspacePath(args.cwd);
    if (isBlank(args.command)) return succeeded('(nothing to run)');
    if (cwd !== '.') {
      const folder = await runScript(
        context,
        'inside "$1"; [ -d "$real" ] || { echo "no such folder" >&2; exit 66; }',
        [cwd],
      );
      if (folder.exitCode !== 0) return outputOf(folder);
    }
    return outputOf(await context.exec({ argv: BASH.concat(args.command), cwd, timeoutMs: args.timeoutMs }));
  },
});

// Without start files: bash reads them when it takes its standard input for a network connection.
const BASH = ['bash', '--noprofile', '--norc', '-c'];

function isBlank(command: string): boolean {
  return /^\s*$/.test(command);
}
