import type { ParameterExpansionPart, Word as WordNode, WordPart } from 'unbash';
import { expandBraces } from './brace-expansion';
import { expandParameter } from './parameter-expansion';
import { HOME, SANDBOX_VARIABLES } from './sandbox-places';
import { type Scope, variableOf } from './scope';
import { literalWord, type Word } from './word';

/** What resolving needs from the walker: an inner script is walked for what it does, and may have a known output. */
export interface Substitutions {
  /** The output of an inner script without its last newlines, or null when not known. */
  outputOf(part: WordPart & { type: 'CommandExpansion' | 'ProcessSubstitution' }): string | null;
  /** Asks about a part that may run more than can be told. */
  doubt(part: WordPart): void;
  /** Walks the scripts inside a part whose value is not looked for. */
  inside(part: WordPart): void;
}

/** A stretch of a word: text that is known, or something that is not. */
export type Piece =
  | { kind: 'text'; text: string; isQuoted: boolean; isExpanded: boolean }
  | { kind: 'unknown'; isQuoted: boolean }
  /** Where the shell begins another word. */
  | { kind: 'break' };

/** What a word becomes: usually one, none for an empty expansion, several for braces and lists. */
export function resolveWord(node: WordNode, scope: Scope, substitutions: Substitutions): Word[] {
  // Most words are plain.
  if (!node.parts && PLAIN.test(node.text)) return [literalWord(node.text)];
  const parts: readonly WordPart[] = node.parts ?? [literalPart(node)];
  return alternativesOf(parts).flatMap((alternative) =>
    toWords(piecesOf(alternative, scope, substitutions), node.text, scope),
  );
}

/** Most words that one may become. */
const MAX_WORDS = 2_000;
/** Longest value that is followed, in characters: one that doubles itself would fill the memory. */
const MAX_TEXT = 20_000;

const PLAIN = /^[\w./:=@%+,-]+$/;

/** The value of a word where no splitting and no globbing happens: assignments, here-strings, `case`; null if unknown. */
export function resolveText(node: WordNode, scope: Scope, substitutions: Substitutions): string | null {
  const pieces = piecesOf(node.parts ?? [literalPart(node)], scope, substitutions);
  let text = '';
  for (const piece of pieces) {
    if (piece.kind === 'unknown') return null;
    text += piece.kind === 'break' ? ' ' : piece.text;
    if (text.length > MAX_TEXT) return null;
  }
  return text;
}

/** As {@link resolveText}, of parts: the body of a here-document. */
export function resolveParts(
  parts: readonly WordPart[],
  scope: Scope,
  substitutions: Substitutions,
): string | null {
  const pieces = parts.flatMap((part) => pieceOfPart(part, true, scope, substitutions));
  let text = '';
  for (const piece of pieces) {
    if (piece.kind === 'unknown' || text.length > MAX_TEXT) return null;
    text += piece.kind === 'text' ? piece.text : ' ';
  }
  return text;
}

function literalPart(node: WordNode): WordPart {
  return { type: 'Literal', pos: node.pos, end: node.end, value: node.value, text: node.text };
}

/** Braces first: each choice is a word of its own. */
function alternativesOf(parts: readonly WordPart[]): (readonly WordPart[])[] {
  if (!parts.some((part) => part.type === 'BraceExpansion')) return [parts];
  let alternatives: WordPart[][] = [[]];
  for (const part of parts) {
    const choices =
      part.type === 'BraceExpansion'
        ? (expandBraces(part.text)?.map(
            (text): WordPart => ({ type: 'Literal', pos: part.pos, end: part.end, value: text, text }),
          ) ?? [part])
        : [part];
    if (alternatives.length * choices.length > MAX_ALTERNATIVES) return [[...parts]];
    alternatives = alternatives.flatMap((begun) => choices.map((choice) => [...begun, choice]));
  }
  return alternatives;
}

const MAX_ALTERNATIVES = 200;

function piecesOf(parts: readonly WordPart[], scope: Scope, substitutions: Substitutions): Piece[] {
  const pieces = parts.flatMap((part) => pieceOfPart(part, false, scope, substitutions));
  const [first] = parts;
  const [head] = pieces;
  if (first?.type === 'Literal' && head?.kind === 'text' && first.text.startsWith('~'))
    head.text = withoutTilde(head.text, scope);
  return pieces;
}

function withoutTilde(text: string, scope: Scope): string {
  const user = /^~[^/]*/.exec(text)?.[0] ?? '';
  const rest = text.slice(user.length);
  if (user === '~') return `${variableOf(scope, 'HOME') ?? HOME}${rest}`;
  if (user === '~+') return `${variableOf(scope, 'PWD') ?? '.'}${rest}`;
  return user === '~root' ? `/root${rest}` : `/home/${user.slice(1)}${rest}`;
}

function pieceOfPart(part: WordPart, isQuoted: boolean, scope: Scope, substitutions: Substitutions): Piece[] {
  switch (part.type) {
    case 'Literal':
      return [text(part.value, isQuoted)];
    case 'Glob':
      substitutions.inside(part);
      return [text(part.text, isQuoted)];
    case 'SingleQuoted':
    case 'AnsiCQuoted':
      return [text(part.value, true)];
    case 'DoubleQuoted':
    case 'LocaleString':
      return quoted(part.parts, scope, substitutions);
    case 'SimpleExpansion':
      return expansion(part.text.slice(1), isQuoted, scope);
    case 'ParameterExpansion':
      return parameter(part, isQuoted, scope, substitutions);
    case 'CommandExpansion':
    case 'ProcessSubstitution': {
      const output = substitutions.outputOf(part);
      return output === null || part.type === 'ProcessSubstitution'
        ? [{ kind: 'unknown', isQuoted: isQuoted || part.type === 'ProcessSubstitution' }]
        : [{ kind: 'text', text: output, isQuoted, isExpanded: true }];
    }
    case 'ExtendedGlob':
      substitutions.inside(part);
      return [text(part.text.replace(/[()|]/g, '*'), isQuoted)];
    case 'ArithmeticExpansion':
      substitutions.inside(part);
      // A number, whichever: one word, and never a flag by itself.
      return [{ kind: 'unknown', isQuoted: true }];
    case 'BraceExpansion':
      substitutions.inside(part);
      return [{ kind: 'unknown', isQuoted }];
    default:
      part satisfies never;
      return [{ kind: 'unknown', isQuoted: false }];
  }
}

function quoted(parts: readonly WordPart[], scope: Scope, substitutions: Substitutions): Piece[] {
  const pieces = parts.flatMap((child) => pieceOfPart(child, true, scope, substitutions));
  // Empty quotes are a word too, but `"$@"` of nothing is none.
  return parts.length > 0 && pieces.length === 0 ? [] : [text('', true), ...pieces];
}

function text(value: string, isQuoted: boolean): Piece {
  return { kind: 'text', text: value, isQuoted, isExpanded: false };
}

function expansion(name: string, isQuoted: boolean, scope: Scope): Piece[] {
  if (name === '@' || name === '*') return listOf(scope.positional, name, isQuoted, scope);
  const value = variableOf(scope, name);
  if (value === null) return [{ kind: 'unknown', isQuoted: isQuoted || /^[?#$!]$/.test(name) }];
  return [{ kind: 'text', text: value, isQuoted, isExpanded: true }];
}

function parameter(
  part: ParameterExpansionPart,
  isQuoted: boolean,
  scope: Scope,
  substitutions: Substitutions,
): Piece[] {
  if (isDoubtful(part)) substitutions.doubt(part);
  const index = part.index?.text;
  if (index === '@' || index === '*') {
    if (part.operation || part.prefix) {
      substitutions.inside(part);
      return [{ kind: 'unknown', isQuoted: false }];
    }
    return listOf(scope.arrays.get(part.parameter) ?? null, index, isQuoted, scope);
  }
  if (!part.operation && !part.prefix && (part.parameter === '@' || part.parameter === '*'))
    return expansion(part.parameter, isQuoted, scope);
  const value = expandParameter(part, scope, (word) => resolveText(word, scope, substitutions));
  return value === null
    ? [{ kind: 'unknown', isQuoted }]
    : [{ kind: 'text', text: value, isQuoted, isExpanded: true }];
}

/** `${x@P}` runs what stands in the value; in a pattern that holds a script the parser does not find its end. */
function isDoubtful({ operation }: ParameterExpansionPart): boolean {
  if (operation?.type === 'Transform') return operation.operand.value === 'P';
  return operation?.type === 'Replace' && /\$\(|`/.test(operation.pattern.text);
}

/** `$@` and `$*`: words of their own, except for `"$*"`, which joins them to one. */
function listOf(
  values: readonly (string | null)[] | null,
  sign: '@' | '*',
  isQuoted: boolean,
  scope: Scope,
): Piece[] {
  // A list of unknown length may be several words even in quotes: `"$@"`.
  if (values === null) return [{ kind: 'unknown', isQuoted: false }];
  const separator: Piece =
    sign === '@' || !isQuoted
      ? { kind: 'break' }
      : scope.variables.get('IFS') === SANDBOX_VARIABLES.IFS
        ? text(' ', true)
        : { kind: 'unknown', isQuoted };
  const pieces = values.flatMap((value, index): Piece[] => [
    ...(index > 0 ? [separator] : []),
    value === null
      ? { kind: 'unknown', isQuoted }
      : { kind: 'text', text: value, isQuoted, isExpanded: true },
  ]);
  return pieces.length === 0 && isQuoted && sign === '*' ? [text('', true)] : pieces;
}

/** Splits what expansions gave at blanks, and puts the pieces together to words. */
function toWords(pieces: readonly Piece[], source: string, scope: Scope): Word[] {
  const words: Word[] = [];
  let current: {
    text: string;
    hasGlob: boolean;
    unknown: { prefix: string; maySplit: boolean } | null;
  } | null = null;
  const begin = () => {
    current ??= { text: '', hasGlob: false, unknown: null };
    return current;
  };
  const end = () => {
    if (current === null) return;
    words.push(
      current.unknown === null
        ? { kind: 'literal', value: current.text, hasGlob: current.hasGlob }
        : { kind: 'unresolved', source, ...current.unknown },
    );
    current = null;
  };
  // With separators of its own, nobody knows where an unquoted value splits.
  const usualSeparators = scope.variables.get('IFS') === SANDBOX_VARIABLES.IFS;
  for (const piece of pieces) {
    if (piece.kind === 'break') {
      end();
      continue;
    }
    const isTooLong = lengthOf(current) > MAX_TEXT || words.length > MAX_WORDS;
    if (piece.kind === 'unknown' || isTooLong || (piece.isExpanded && !piece.isQuoted && !usualSeparators)) {
      const word = begin();
      word.unknown ??= { prefix: word.text, maySplit: false };
      word.unknown.maySplit ||= !piece.isQuoted;
      continue;
    }
    const fields = piece.isExpanded && !piece.isQuoted ? piece.text.split(/[ \t\n]+/) : [piece.text];
    for (const [index, field] of fields.entries()) {
      if (index > 0) end();
      // Also the empty choice of a brace: `{,rm}` is one word.
      if (field === '' && !piece.isQuoted) continue;
      const word = begin();
      word.text += field;
      word.hasGlob ||= !piece.isQuoted && /[*?[]/.test(field);
    }
  }
  end();
  return words;
}

function lengthOf(word: { text: string } | null): number {
  return word?.text.length ?? 0;
}
