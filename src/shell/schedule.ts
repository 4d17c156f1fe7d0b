import { copyOf, type Scope } from './scope';
import type { ResolvedCommand, Shell } from './shell';

/**
 * Judges the commands of a schedule that `crontab` reads from its input, where they are known. What leaving a schedule
 * means, known or not, its table says: so it is never handled here.
 */
export function runSchedule(program: string, command: ResolvedCommand, scope: Scope, shell: Shell): false {
  if (program !== 'crontab' || command.stdin.kind !== 'text') return false;
  for (const line of command.stdin.text.split('\n')) {
    const text = commandOf(line.trim());
    if (text !== null) shell.runText(text, copyOf(scope), { kind: 'none' }, command.source);
  }
  return false;
}

/** The command of a line, after its five fields or its `@daily`; null for comments and variables. */
function commandOf(line: string): string | null {
  if (line === '' || line.startsWith('#') || /^\w+\s*=/.test(line)) return null;
  const [, text] = /^(?:@\w+|(?:\S+\s+){4}\S+)\s+(.*)$/.exec(line) ?? [];
  // What follows the first `%` is its input.
  return text?.split(/(?<!\\)%/, 1)[0] ?? null;
}
