import type { CommandResult, ToolOutput } from './tool';

/** The tool did what it was asked. */
export function succeeded(text: string): ToolOutput {
  return { ok: true, text };
}

/** The tool could not do what it was asked; `text` says why, in public words. */
export function failed(text: string, exitCode?: number): ToolOutput {
  return exitCode === undefined ? { ok: false, text } : { ok: false, text, exitCode };
}

/**
 * A program's result as a tool's: both outputs, and what became of the program where that is not plain success.
 *
 * @param quiet what to say when a successful program printed nothing
 */
export function outputOf(result: CommandResult, quiet = '(no output)'): ToolOutput {
  const parts = [result.stdout.trimEnd(), result.stderr.trimEnd()].filter((part) => part !== '');
  if (result.truncated) parts.push('(output past the limit was dropped; print less, or into a file)');
  parts.push(...limitTexts(result));
  if (result.killed) parts.push(killedText(result));
  else if (result.exitCode !== 0) parts.push(`(exit code ${result.exitCode})`);
  const text = parts.length > 0 ? parts.join('\n') : quiet;
  if (result.killed || result.exitCode !== 0) return failed(text, result.exitCode ?? undefined);
  return { ok: true, text, exitCode: 0 };
}

/** Why a program failed, without its standard output. */
export function failureOf(result: CommandResult, what: string): ToolOutput {
  const reason = result.killed ? killedText(result) : result.stderr.trim() || `exit code ${result.exitCode}`;
  return failed([`${what}: ${reason}`, ...limitTexts(result)].join('\n'), result.exitCode ?? undefined);
}

function killedText({ killed, hit }: CommandResult): string {
  if (killed !== 'timeout') return '(stopped: cancelled)';
  const most = hit?.find(({ kind }) => kind === 'time')?.most;
  const limit = most === undefined ? '' : ` of ${most} s`;
  return `(stopped: it ran longer than its time limit${limit}; where the tool takes \`timeoutMs\`, ask for more)`;
}

/** Which limits were hit besides time and output, and how each is changed. */
function limitTexts({ hit = [] }: CommandResult): string[] {
  return hit.flatMap(({ kind, most }) => {
    switch (kind) {
      case 'time':
        return [];
      case 'cpu':
        return [
          `(limit hit: ${most} s of processor time for one process; where the tool takes \`timeoutMs\`, ask for more)`,
        ];
      case 'memory':
        return [
          `(limit hit: ${most} MiB of memory for all processes; the operator sets GATEHOUSE_SANDBOX_MEMORY_MIB)`,
        ];
      case 'processes':
        return [`(limit hit: ${most} processes and threads; the operator sets GATEHOUSE_SANDBOX_PROCESSES)`];
      case 'file':
        return [`(limit hit: ${most} MiB for one file; the operator sets GATEHOUSE_SANDBOX_FILE_MIB)`];
      default:
        return kind satisfies never;
    }
  });
}
