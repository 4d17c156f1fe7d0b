import { literalWord, type Word } from './word';
import type { Wrapper } from './wrapper-table';

/** What stands between a wrapper and the command it runs. */
export interface Unwrapped {
  command: readonly Word[];
  /** Texts given to a shell; null for an unknown one. */
  texts: (string | null)[];
  assignments: Map<string, string | null>;
  operands: readonly Word[];
  /** Flags as they are written, in order, values away. */
  flags: string[];
  /** The folder that the command runs in, where a flag names one. */
  folder: Word | null;
  /** A word before the command that may be anything, so that what follows may be something else. */
  doubt: Word | null;
}

/** Finds the command among a wrapper's arguments. */
export function unwrap(wrapper: Wrapper, args: readonly Word[]): Unwrapped {
  const result: Unwrapped = {
    command: [],
    texts: [],
    assignments: new Map(),
    operands: [],
    flags: [],
    folder: null,
    doubt: null,
  };
  if (wrapper.separator !== undefined) {
    const at = args.findIndex((word) => word.kind === 'literal' && word.value === wrapper.separator);
    if (at >= 0)
      return { ...result, command: args.slice(at + 1), operands: operandsOf(wrapper, args.slice(0, at)) };
  }
  const operands: Word[] = [];
  const flagsAnywhere = wrapper.flagsAnywhere && !args.some((word) => hasCommandFlag(wrapper, word));
  let index = 0;
  for (; index < args.length; index++) {
    const word = args[index]!;
    if (word.kind === 'unresolved') {
      if (operands.length >= wrapper.skip && !flagsAnywhere) break;
      if (word.maySplit || (flagsAnywhere && /^(?:-[^=]*)?$/.test(word.prefix))) result.doubt = word;
      operands.push(word);
      continue;
    }
    const { value } = word;
    if (value === '--') {
      if (flagsAnywhere) continue;
      if (operands.length >= wrapper.skip) {
        index++;
        break;
      }
      continue;
    }
    if (value.startsWith('-') && value.length > 1) {
      index += takeFlag(wrapper, value, args[index + 1], result);
      continue;
    }
    if (wrapper.assignments && /^[^=/]+=/.test(value)) {
      result.assignments.set(value.slice(0, value.indexOf('=')), value.slice(value.indexOf('=') + 1));
      continue;
    }
    if (value === '-' && (wrapper.assignments || flagsAnywhere)) {
      result.flags.push('-');
      continue;
    }
    if (operands.length >= wrapper.skip && !flagsAnywhere) break;
    operands.push(word);
  }
  return { ...result, operands, command: args.slice(index) };
}

function hasCommandFlag({ commandFlags }: Wrapper, word: Word): boolean {
  return (
    word.kind === 'literal' &&
    commandFlags.some(
      (flag) => word.value === flag || word.value.startsWith(flag.startsWith('--') ? `${flag}=` : flag),
    )
  );
}

/** How many further words a flag takes. */
function takeFlag(wrapper: Wrapper, flag: string, next: Word | undefined, result: Unwrapped): number {
  const [name = flag, inline] = flag.startsWith('--') && flag.includes('=') ? splitAt(flag) : [flag];
  result.flags.push(name);
  const take = (each: string, value: Word | undefined) => {
    if (wrapper.folderFlags.includes(each)) result.folder = value ?? null;
    if (wrapper.scriptFlags.includes(each)) result.texts.push(null);
    if (each === '-o' && wrapper.hosts) result.texts.push(...optionTexts(value));
  };
  if (inline !== undefined) take(name, literalWord(inline));
  // Most programs take the beginning of a long flag for the whole.
  const isText = (each: string) =>
    wrapper.textFlags.some((flag) => flag === each || (/^--\w/.test(each) && flag.startsWith(each)));
  if (isText(name)) {
    result.texts.push(inline ?? (next?.kind === 'literal' ? next.value : null));
    return inline === undefined ? 1 : 0;
  }
  if (inline !== undefined) return 0;
  if (wrapper.valueFlags.includes(name)) {
    take(name, next);
    return 1;
  }
  if (name.startsWith('--')) return 0;
  // A cluster of short flags: the last may take the next word, one before takes the rest of this one.
  for (const [at, letter] of [...name.slice(1)].entries()) {
    const short = `-${letter}`;
    const rest = name.slice(at + 2);
    result.flags.push(short);
    if (isText(short)) {
      result.texts.push(rest !== '' ? rest : next?.kind === 'literal' ? next.value : null);
      return rest === '' ? 1 : 0;
    }
    if (wrapper.valueFlags.includes(short)) {
      take(short, rest === '' ? next : literalWord(rest));
      return rest === '' ? 1 : 0;
    }
  }
  return 0;
}

/** Options of ssh whose value is text for a shell here: `-o ProxyCommand=…`. */
function optionTexts(value: Word | undefined): (string | null)[] {
  if (value?.kind === 'unresolved') return [null];
  const found = /^\s*(?:ProxyCommand|LocalCommand|KnownHostsCommand)\s*[=\s]\s*(.*)$/is.exec(
    value?.value ?? '',
  );
  return found ? [found[1] ?? ''] : [];
}

function operandsOf(wrapper: Wrapper, args: readonly Word[]): Word[] {
  return args.filter(
    (word, index) =>
      !(word.kind === 'literal' && word.value.startsWith('-')) &&
      !(index > 0 && isValueFlag(wrapper, args[index - 1])),
  );
}

function isValueFlag(wrapper: Wrapper, word: Word | undefined): boolean {
  return word?.kind === 'literal' && wrapper.valueFlags.includes(word.value);
}

function splitAt(flag: string): [string, string] {
  const at = flag.indexOf('=');
  return [flag.slice(0, at), flag.slice(at + 1)];
}
