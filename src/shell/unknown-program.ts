import { posix } from 'node:path';
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
  const destroying = destroyingWord(command.program, command.args);
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

/** A stream that the command line opened itself: `/dev/fd/3`. */
export function isOpenStream(path: string): boolean {
  return /^\/(?:dev|proc\/[^/]+)\/fd\//.test(path);
}

/**
 * The first word that destroys, if any: as a flag, or before the first operand that no subcommand looks like.
 *
 * @param program what the words are given to: its name may say that they are about data
 */
export function destroyingWord(program: string, args: readonly Word[]): string | null {
  const table = destroyingVerbs();
  const name = posix.basename(program);
  // A command of PowerShell says so itself: `Remove-Item`.
  if (/^[A-Z][a-z]+-[A-Z]\w+$/.test(name) && destroys(partsOf(name), table.verbs)) return name;
  const named = new Set(partsOf(name));
  let mayBeVerb = true;
  for (const word of args) {
    if (word.kind === 'unresolved') continue;
    const { value } = word;
    if (value.startsWith('-')) {
      const flag = value.replace(/^-+/, '').split('=', 1)[0] ?? '';
      const parts = partsOf(flag);
      if (flag.length > 2 && (destroys(parts, table.flags) || destroysData(parts, new Set()))) return value;
      continue;
    }
    mayBeVerb &&= isSubcommand(value, table.verbs);
    if (!mayBeVerb) continue;
    const parts = partsOf(value);
    if (destroys(parts, table.verbs) || destroysData(parts, named)) return value;
    for (const part of parts) named.add(part);
  }
  return null;
}

/** `db:drop`, and `ecto.drop`, which looks like the name of a file but for its end. */
function isSubcommand(word: string, verbs: readonly string[]): boolean {
  if (/^[A-Za-z][\w:-]*$/.test(word)) return true;
  const end = /^[A-Za-z][\w:-]*(?:\.[\w:-]+)*\.([\w:-]+)$/.exec(word)?.[1]?.toLowerCase() ?? '';
  return verbs.includes(end) || destroyingVerbs().ofData.verbs.includes(end);
}

/** The words in a word: `db:drop`, `delete-stack`, `purgeAll`, `reset_db`. */
function partsOf(word: string): string[] {
  return word
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[-_:.]+/);
}

function destroys(parts: readonly string[], verbs: readonly string[]): boolean {
  const { harmless } = destroyingVerbs();
  return (
    parts.some((part) => verbs.includes(part)) &&
    (parts.length === 1 || !parts.some((part) => harmless.includes(part)))
  );
}

/** Whether a word does to data, named in it or before it, what destroys data. */
function destroysData(parts: readonly string[], named: ReadonlySet<string>): boolean {
  const { ofData, harmless } = destroyingVerbs();
  const about = [...parts, ...named];
  return (
    parts.some((part) => ofData.verbs.includes(part)) &&
    about.some((part) => ofData.nouns.includes(part)) &&
    !parts.some((part) => harmless.includes(part) && !ofData.verbs.includes(part))
  );
}
