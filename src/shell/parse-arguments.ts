import type { CommandTable, TableRow } from './table';
import type { Word } from './word';

/** One flag of a command; `names` are all the table's flags it may stand for, its own spelling first. */
export interface Flag {
  names: string[];
  /** Null when it was given none. */
  value: Word | null;
  /** Whether it needs a value: then `false` is a value like any other. */
  takesValue: boolean;
  /** How many operands stand before it. */
  at: number;
}

/** A command's arguments after the table said which flags take a value. */
export interface Arguments {
  flags: Flag[];
  operands: Word[];
  /** Words that may turn out to be several, or flags, each with the number of operands before it. */
  doubts: { word: Word; at: number; mayBeFlag: boolean }[];
}

/** Sorts arguments into flags and operands, wherever they stand; `--`, or in some programs an operand, ends the flags. */
export function parseArguments(words: readonly Word[], table: CommandTable, row?: TableRow): Arguments {
  const known = vocabularyOf(table, row);
  const result: Arguments = { flags: [], operands: [], doubts: [] };
  const queue = [...words];
  let flagsEnded = false;
  const doubt = (word: Word) =>
    result.doubts.push({ word, at: result.operands.length, mayBeFlag: !flagsEnded });
  const addFlag = (names: string[], value: Word | null, takesValue: boolean) =>
    result.flags.push({ names, value, takesValue, at: result.operands.length });
  const takeValue = (): Word | null => {
    const value = queue.shift() ?? null;
    if (value?.kind === 'unresolved' && value.maySplit) doubt(value);
    return value;
  };
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    // A word that may still be a flag ends nothing.
    flagsEnded ||= table.flagsFirst === true && result.operands.some((each) => each.kind === 'literal');
    const text = word.kind === 'literal' ? word.value : word.prefix;
    const isWhole = word.kind === 'literal';
    if (word.kind === 'unresolved' && (word.maySplit || (!flagsEnded && /^(?:-[^=]*)?$/.test(text))))
      doubt(word);
    if (flagsEnded || text === '-' || !text.startsWith('-')) result.operands.push(word);
    else if (text === '--' && isWhole) flagsEnded = true;
    else if (text.startsWith('--') || known.isWord(text)) {
      const equals = text.indexOf('=');
      const names = known.namesOf(equals < 0 ? text : text.slice(0, equals));
      const takesValue = names.some((name) => known.takesValue(name));
      if (equals >= 0) addFlag(names, restOf(word, equals + 1), takesValue);
      else if (isWhole) addFlag(names, takesValue ? takeValue() : null, takesValue);
    } else
      for (let at = 1; at < text.length; at++) {
        const name = `-${text[at]}`;
        if (!known.takesValue(name)) addFlag([name], null, false);
        else {
          const rest = at + 1 < text.length || !isWhole ? restOf(word, at + 1) : takeValue();
          addFlag([name], rest, true);
          break;
        }
      }
  }
  return result;
}

/** What a table (and one of its rows) says about the shapes of flags. */
interface Vocabulary {
  takesValue(name: string): boolean;
  /** Whether `-abc` is one flag and not three. */
  isWord(text: string): boolean;
  namesOf(name: string): string[];
}

const vocabularies = new WeakMap<object, Vocabulary>();

function vocabularyOf(table: CommandTable, row?: TableRow): Vocabulary {
  const key = row?.valueFlags || row?.switches ? row : table;
  let vocabulary = vocabularies.get(key);
  if (vocabulary === undefined) {
    vocabulary = makeVocabulary(table, row);
    vocabularies.set(key, vocabulary);
  }
  return vocabulary;
}

function makeVocabulary(table: CommandTable, row?: TableRow): Vocabulary {
  const values = new Set([
    ...table.valueFlags,
    ...table.readFlags,
    ...table.writeFlags,
    ...table.hostFlags,
    ...table.contextFlags,
    ...(row?.valueFlags ?? []),
  ]);
  for (const name of row?.switches ?? []) values.delete(name);
  const known = new Set([
    ...values,
    ...table.rows.flatMap((each) => [
      ...(each.when?.flags ?? []),
      ...(each.when?.without ?? []),
      ...(each.valueFlags ?? []),
      ...(each.switches ?? []),
    ]),
  ]);
  const longs = [...known].filter((name) => name.startsWith('--'));
  const words = [...known].filter((name) => /^-[^-]./.test(name));
  const oneDash = table.dash === undefined ? words.length > 0 : table.dash === 'word';
  return {
    takesValue: (name) => values.has(name),
    isWord: (text) => (oneDash && text.length > 2) || words.includes(text.split('=', 1)[0] ?? text),
    namesOf(name) {
      // In programs that take `-word`, `--word` is the same.
      const same = oneDash ? [name, name.startsWith('--') ? name.slice(1) : `-${name}`] : [name];
      if (same.some((each) => known.has(each)) || !name.startsWith('--') || name.length < 3) return same;
      // GNU's getopt and Python's argparse take any beginning of a long option that is no other's.
      return [...same, ...longs.filter((each) => each.startsWith(name))];
    },
  };
}

function restOf(word: Word, from: number): Word {
  return word.kind === 'literal'
    ? { ...word, value: word.value.slice(from) }
    : { ...word, prefix: word.prefix.slice(from) };
}
