import type { ParameterExpansionPart, Word as WordNode } from 'unbash';
import { type Scope, variableOf } from './scope';

/**
 * The value of `${…}` where it can be told from what is known; null otherwise.
 *
 * @param textOf the value of a word inside the braces, null when unknown
 */
export function expandParameter(
  part: ParameterExpansionPart,
  scope: Scope,
  textOf: (word: WordNode) => string | null,
): string | null {
  const value = currentValue(part, scope, textOf);
  const { operation } = part;
  const texts = textsOf(operation, textOf);
  if (part.prefix === '#') return value === null ? null : String([...value].length);
  if (part.prefix === '!') {
    const target = variableOf(scope, part.parameter);
    return target === null || part.operation ? null : variableOf(scope, target);
  }
  if (!operation) return value;
  // What `:=` gives to an unset variable stays; whether it was unset is known only where its value is.
  const assigns = operation.type === 'Default' && operation.operator.endsWith('=');
  if (assigns && (value === null || value === '')) scope.variables.set(part.parameter, null);
  if (value === null || assigns) return value || null;
  switch (operation.type) {
    case 'Default': {
      const isEmpty = value === '';
      if (operation.operator.endsWith('+'))
        return isEmpty && operation.operator.startsWith(':') ? '' : (texts.operand ?? null);
      return isEmpty && operation.operator.startsWith(':') ? (texts.operand ?? null) : value;
    }
    case 'Slice': {
      const offset = numberOf(texts.offset ?? null);
      const length = operation.length ? numberOf(texts.length ?? null) : null;
      if (offset === null || (operation.length && length === null)) return null;
      const from = offset < 0 ? Math.max(0, value.length + offset) : offset;
      if (length === null) return value.slice(from);
      return value.slice(from, length < 0 ? value.length + length : from + length);
    }
    case 'Replace': {
      const { pattern = null, replacement = null } = texts;
      if (pattern === null || replacement === null || pattern === '' || /[*?[\\]/.test(pattern)) return null;
      // INVARIANT: no value grows beyond what is followed, or replacements in replacements would fill the memory.
      if (value.length * (1 + replacement.length) > MAX_PRODUCT) return null;
      if (operation.operator === '//') return value.replaceAll(pattern, () => replacement);
      return operation.operator === '/' ? value.replace(pattern, () => replacement) : null;
    }
    case 'Remove': {
      const { operand: pattern = null } = texts;
      if (pattern === null || /[*?[\\]/.test(pattern)) return null;
      if (operation.operator.startsWith('#'))
        return value.startsWith(pattern) ? value.slice(pattern.length) : value;
      return value.endsWith(pattern) ? value.slice(0, value.length - pattern.length) : value;
    }
    case 'CaseModification': {
      if (operation.operand) return null;
      const isUpper = operation.operator.startsWith('^');
      const changed = (text: string) => (isUpper ? text.toUpperCase() : text.toLowerCase());
      return operation.operator.length === 2 ? changed(value) : changed(value.slice(0, 1)) + value.slice(1);
    }
    case 'Transform':
    case 'Names':
    case 'Unknown':
      return null;
    default:
      operation satisfies never;
      return null;
  }
}

const MAX_PRODUCT = 100_000;

type OperandName = 'operand' | 'pattern' | 'replacement' | 'offset' | 'length';

/** The words of an operation, each looked at once whether it counts or not: a substitution in it may run. */
function textsOf(
  operation: ParameterExpansionPart['operation'],
  textOf: (word: WordNode) => string | null,
): Partial<Record<OperandName, string | null>> {
  const texts: Partial<Record<OperandName, string | null>> = {};
  const words = (operation ?? {}) as Partial<Record<OperandName, WordNode>>;
  for (const name of ['operand', 'pattern', 'replacement', 'offset', 'length'] as const) {
    const word = words[name];
    if (word) texts[name] = textOf(word);
  }
  return texts;
}

function currentValue(
  part: ParameterExpansionPart,
  scope: Scope,
  textOf: (word: WordNode) => string | null,
): string | null {
  if (!part.index) return variableOf(scope, part.parameter);
  const index = numberOf(textOf(part.index));
  return index === null ? null : (scope.arrays.get(part.parameter)?.at(index) ?? null);
}

function numberOf(text: string | null): number | null {
  return text !== null && /^\s*-?\d{1,9}\s*$/.test(text) ? Number(text) : null;
}
