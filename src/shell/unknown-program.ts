import type { Mark } from '../domain/effect';
import { classifyPath } from './classify-path';
import { destroyingVerbs } from './load-tables';
import { addReason, type PartDraft, shown } from './part-draft';
import type { CommandContext, Part, SimpleCommand } from './simple-command';
import type { Word } from './word';

/**
 * Judges a program without a table: it runs in the sandbox, it may read every path it is given, and a subcommand or flag
 * from the table of destroying verbs destroys.
 */
export function judgeUnknown(command: SimpleCommand, context: CommandContext): Part {
  const part: Pick<PartDraft, 'effect' | 'marks' | 'why' | 'findings'> = {
    effect: 'sandbox',
    marks: {},
    why: `\`${shown(command)}\` runs a program`,
    findings: [],
  };
  const destroying = destroyingWord(command.args);
  if (destroying !== null)
    addReason(
      part,
      'destructive',
      `\`${shown(command)}\` has \`${destroying}\`, which destroys in most programs`,
    );
  for (const word of command.args) judgePathLike(word, part, context);
  return part;
}

/** Marks what a word names when it looks like a path: for programs of which nobody said what they do with it. */
export function judgePathLike(
  word: Word,
  part: Pick<PartDraft, 'marks' | 'findings'>,
  context: CommandContext,
): void {
  const text = word.kind === 'literal' ? word.value : word.prefix;
  // `--config=/etc/x`, `of=/dev/sda`, `@file`.
  const path = text.replace(/^(?:-[^=]*|[A-Za-z_][\w.-]*)=/, '').replace(/^@/, '');
  if (path === '' || path.startsWith('-') || /\s|^[a-z][a-z0-9+.-]*:\/\//i.test(path)) return;
  const asPath: Word =
    word.kind === 'literal' ? { ...word, value: path } : { ...word, prefix: path, source: word.source };
  if (word.kind === 'unresolved' && !/^[~/.]/.test(path)) return;
  const { marks, findings } = classifyPath(asPath, 'read', context);
  for (const [mark, because] of Object.entries(marks)) addReason(part, mark as Mark, because);
  part.findings.push(...findings);
}

/** The first word that destroys, if any: as a flag, or before the first operand that no subcommand looks like. */
export function destroyingWord(args: readonly Word[]): string | null {
  const table = destroyingVerbs();
  let mayBeVerb = true;
  for (const word of args) {
    if (word.kind === 'unresolved') continue;
    const { value } = word;
    if (value.startsWith('-')) {
      const name = value.replace(/^-+/, '').split('=', 1)[0] ?? '';
      if (name.length > 2 && destroys(name, table.flags, table.harmless)) return value;
    } else if (mayBeVerb && SUBCOMMAND.test(value)) {
      if (destroys(value, table.verbs, table.harmless)) return value;
    } else mayBeVerb = false;
  }
  return null;
}

const SUBCOMMAND = /^[A-Za-z][\w:-]*$/;

function destroys(word: string, verbs: readonly string[], harmless: readonly string[]): boolean {
  const parts = word
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[-_:]+/);
  return (
    parts.some((part) => verbs.includes(part)) &&
    (parts.length === 1 || !parts.some((part) => harmless.includes(part)))
  );
}
