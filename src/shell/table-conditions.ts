import type { Invocation } from './invocation';
import type { Flag } from './parse-arguments';
import { matchesPattern } from './pattern';
import type { Condition } from './table';
import type { Word } from './word';

/** Whether a condition holds; `unknown` when a word decides it that only the running shell knows. */
export type Holding = { kind: 'yes' } | { kind: 'no' } | { kind: 'unknown'; word: Word };

/** What conditions look at. */
type Given = Pick<Invocation, 'verb' | 'flags' | 'operands' | 'doubts'>;

const YES: Holding = { kind: 'yes' };
const NO: Holding = { kind: 'no' };

/**
 * Whether a row's `when` holds for a command.
 *
 * @param weakens whether the row makes less of the command: then every doubt counts against it, the last of repeated
 *   flags decides, and abbreviations do not count
 */
export function holds(condition: Condition, args: Given, weakens: boolean): Holding {
  if (weakens && args.doubts.length > 0) return NO;
  const parts = [
    flagsHold(condition, args, weakens),
    withoutHolds(condition, args, weakens),
    operandHolds(condition, args),
    operandsHold(condition, args),
    countHolds(condition, args),
  ];
  if (parts.some((part) => part.kind === 'no')) return NO;
  const unknown = parts.find((part) => part.kind === 'unknown');
  if (unknown) return weakens ? NO : unknown;
  return YES;
}

/** Whether a row's verb stands at the beginning of the operands, how specific it is and how many it takes up. */
export function matchVerb(
  verb: readonly string[],
  operands: readonly Word[],
): { kind: 'yes'; used: number; rank: number } | { kind: 'no' } | { kind: 'unknown' } {
  let isUnknown = false;
  let rank = 0;
  let at = 0;
  for (const [index, pattern] of verb.entries()) {
    if (pattern === '**') {
      const rest = verb.slice(index + 1);
      for (let from = at; from < operands.length; from++) {
        const match = matchVerb(rest, operands.slice(from));
        if (match.kind === 'yes' && !isUnknown)
          return { kind: 'yes', used: from + match.used, rank: rank + match.rank };
        if (match.kind === 'unknown') isUnknown = true;
      }
      return isUnknown ? { kind: 'unknown' } : { kind: 'no' };
    }
    const word = operands[at++];
    if (word === undefined) return { kind: 'no' };
    const fits = pattern === '*' ? YES : wordMatches(word, [pattern]);
    if (fits.kind === 'no') return { kind: 'no' };
    if (fits.kind === 'unknown') isUnknown = true;
    rank += pattern === '*' ? 1 : pattern.includes('*') ? 100 : pattern.includes('|') ? 10_000 : 10_050;
  }
  return isUnknown ? { kind: 'unknown' } : { kind: 'yes', used: at, rank };
}

/** Whether a word is one of the patterns. */
export function wordMatches(word: Word, patterns: readonly string[]): Holding {
  if (word.kind === 'literal')
    return patterns.some((pattern) => matchesPattern(pattern, word.value)) ? YES : NO;
  const { prefix } = word;
  const mayFit = patterns.some((pattern) =>
    pattern.split('|').some((each) => {
      const fixed = each.split('*', 1)[0] ?? '';
      return fixed.startsWith(prefix) || (each.includes('*') && prefix.startsWith(fixed));
    }),
  );
  return mayFit || word.maySplit ? { kind: 'unknown', word } : NO;
}

function flagsHold({ flags, values, operand, early }: Condition, args: Given, weakens: boolean): Holding {
  if (!flags) return YES;
  const given = args.flags.filter((flag) =>
    (weakens ? exactNames(flag) : flag.names).some((name) => flags.includes(name)),
  );
  const doubt = early && args.verb.length > 0 ? undefined : args.doubts.find(({ mayBeFlag }) => mayBeFlag);
  const absent: Holding = doubt ? { kind: 'unknown', word: doubt.word } : NO;
  if (given.length === 0) return absent;
  const last = given.at(-1);
  if (!values || operand !== undefined) return isSwitchedOff(last) ? NO : YES;
  const results = (weakens ? given.slice(-1) : given).map(({ value }) =>
    value === null ? (values.includes('') ? YES : NO) : wordMatches(value, values),
  );
  return (
    results.find((each) => each.kind === 'yes') ?? results.find((each) => each.kind === 'unknown') ?? absent
  );
}

/** The spelling itself and its one- or two-dash form, not what it may abbreviate. */
function exactNames({ names: [own = '', ...others] }: Flag): string[] {
  return [own, ...others.filter((name) => name.replace(/^--?/, '') === own.replace(/^--?/, ''))];
}

/** `--force=false`. */
function isSwitchedOff(flag: Flag | undefined): boolean {
  if (!flag || flag.takesValue) return false;
  return flag.value?.kind === 'literal' && /^(?:false|no|off|0)$/i.test(flag.value.value);
}

function withoutHolds({ without }: Condition, args: Given, weakens: boolean): Holding {
  if (!without) return YES;
  // What may be an abbreviation counts where that is the stricter reading.
  const namesOf = (flag: Flag) => (weakens ? flag.names : exactNames(flag));
  return args.flags.some((flag) => namesOf(flag).some((name) => without.includes(name))) ? NO : YES;
}

function operandHolds({ operand, values }: Condition, args: Given): Holding {
  if (operand === undefined) return YES;
  const word = args.operands.at(operand);
  if (word === undefined) return NO;
  return values ? wordMatches(word, values) : YES;
}

function operandsHold({ operands }: Condition, args: Given): Holding {
  if (!operands) return YES;
  const results = args.operands.map((word) => wordMatches(word, operands));
  return results.find((each) => each.kind === 'yes') ?? results.find((each) => each.kind === 'unknown') ?? NO;
}

function countHolds({ atLeast = 0, atMost = Number.POSITIVE_INFINITY }: Condition, args: Given): Holding {
  return args.operands.length >= atLeast && args.operands.length <= atMost ? YES : NO;
}
