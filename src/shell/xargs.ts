import { copyOf, type Scope, withoutNames } from './scope';
import type { ResolvedCommand, Shell } from './shell';
import { unwrap } from './unwrap';
import { literalWord, type Word } from './word';
import { plainWrapper, type Wrapper } from './wrapper-table';

/** Commands that xargs and parallel run: what they append is known only where their input is. */
export function runXargs(program: string, command: ResolvedCommand, scope: Scope, shell: Shell): boolean {
  if (!XARGS.has(program)) return false;
  const inner = unwrap(XARGS_FLAGS, command.words.slice(1));
  const isText = program !== 'xargs' && program !== 'gxargs';
  if (inner.command.length === 0) {
    // Each line that it reads is a command.
    const { stdin } = command;
    if (isText)
      shell.runText(
        stdin.kind === 'text' ? stdin.text : null,
        copyOf(scope),
        { kind: 'none' },
        command.source,
      );
    return isText;
  }
  const end = inner.command.findIndex((word) => word.kind === 'literal' && /^:::?:?\+?$/.test(word.value));
  const words = end < 0 ? inner.command : inner.command.slice(0, end);
  const given = end < 0 ? itemsOf(command, inner.flags) : inner.command.slice(end + 1);
  const placeholder = placeholderOf(command.words.slice(1)) ?? (program === 'xargs' ? null : '{}');
  const isReplaced = (word: Word) =>
    placeholder !== null && word.kind === 'literal' && word.value.includes(placeholder);
  const unknown: Word = { kind: 'unresolved', source: '(each input)', prefix: '', maySplit: true };
  const filled = words.some(isReplaced)
    ? words.map((word) =>
        isReplaced(word) && word.kind === 'literal' ? fill(word, placeholder ?? '', given) : word,
      )
    : [...words, ...(given ?? [unknown])];
  const within = withoutNames(copyOf(scope));
  if (isText) {
    // Its words, and what is put among them, are one text; with `:::` alone each item is a text of its own.
    const texts = words.length === 0 ? (given ?? [unknown]).map((item) => [item]) : [filled];
    for (const each of texts) shell.runText(textOf(each), within, { kind: 'none' }, command.source);
  } else shell.run({ ...command, words: filled, stdin: { kind: 'none' } }, within);
  return true;
}

const XARGS = new Set(['xargs', 'gxargs', 'parallel', 'rush', 'sem']);
const XARGS_FLAGS: Wrapper = {
  ...plainWrapper('xargs'),
  valueFlags: [
    '-I',
    '-n',
    '-P',
    '-L',
    '-s',
    '-d',
    '-E',
    '-a',
    '-j',
    '-S',
    '--max-args',
    '--max-procs',
    '--delimiter',
    '--arg-file',
    '--replace',
    '--max-lines',
    '--max-chars',
    '--jobs',
    '--colsep',
    '--joblog',
    '--results',
  ],
};

function placeholderOf(args: readonly Word[]): string | null {
  for (const [index, word] of args.entries()) {
    if (word.kind !== 'literal') continue;
    if (word.value === '-I') {
      const next = args[index + 1];
      return next?.kind === 'literal' ? next.value : '{}';
    }
    if (/^-I./.test(word.value)) return word.value.slice(2);
    if (/^(?:-i|--replace)$/.test(word.value)) return '{}';
    if (word.value.startsWith('--replace=')) return word.value.slice('--replace='.length);
  }
  return null;
}

function textOf(words: readonly Word[]): string | null {
  return words.every((word) => word.kind === 'literal')
    ? words.map((word) => (word.kind === 'literal' ? word.value : '')).join(' ')
    : null;
}

/** The items of known input; quotes and other separators are not followed. */
function itemsOf({ stdin }: ResolvedCommand, flags: readonly string[]): Word[] | null {
  if (stdin.kind !== 'text' || /['"\\\0]/.test(stdin.text)) return null;
  if (flags.some((flag) => /^(?:-0|--null|-d|--delimiter|-a|--arg-file|-E|--eof)$/.test(flag))) return null;
  const items = stdin.text.split(/\s+/).filter((item) => item !== '');
  return items.length > 100 ? null : items.map((value) => literalWord(value));
}

function fill(word: Word & { kind: 'literal' }, placeholder: string, given: readonly Word[] | null): Word {
  const [only] = given ?? [];
  if (given?.length === 1 && only?.kind === 'literal')
    return { ...word, value: word.value.replaceAll(placeholder, () => only.value) };
  const prefix = word.value.slice(0, word.value.indexOf(placeholder));
  return { kind: 'unresolved', source: word.value, prefix, maySplit: false };
}
