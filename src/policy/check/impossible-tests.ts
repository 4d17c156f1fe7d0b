import type { Expr } from '@cedar-policy/cedar-wasm/nodejs';
import { canonicalJson } from '../../domain/canonical-json';
import { effects, marks } from '../../domain/effect';
import type { Conjunct, RuleShape } from './rule-shape';
import { operand } from './rule-shape';

/** Why a rule can never match. */
export interface Impossibility {
  /** A sentence. */
  message: string;
  suggestion: string | null;
}

/** Values that there are, by what is compared with them. */
const KNOWN_VALUES: Record<string, readonly string[]> = {
  'context.effect': effects,
  'context.marks': marks,
  'resource.language': ['terraform', 'kubernetes'],
};

/**
 * Finds a test that no call passes: a value that does not exist, or two values asked of one thing. What Cedar's own
 * validator sees (types, unknown names, a literal `false`) is left to it.
 */
export function impossibleTest({ conjuncts }: RuleShape): Impossibility | null {
  const asked = new Map<string, string[]>();
  for (const conjunct of conjuncts) {
    if (!conjunct.isWanted) continue;
    const unknown = unknownValue(conjunct);
    if (unknown) return unknown;
    const test = equality(conjunct.body);
    if (!test) continue;
    const before = asked.get(test.path);
    const both = before ? test.values.filter((value) => before.includes(value)) : test.values;
    if (before && both.length === 0)
      return {
        message: `this rule can never match: \`${test.path}\` is asked to be ${before.join(' or ')} and ${test.values.join(' or ')} at once`,
        suggestion: null,
      };
    asked.set(test.path, both);
  }
  const contradicted = conjuncts.find(({ isWanted, body }) =>
    conjuncts.some(
      (other) => other.isWanted !== isWanted && canonicalJson(other.body) === canonicalJson(body),
    ),
  );
  return contradicted
    ? { message: 'this rule can never match: it asks for a condition and against it', suggestion: null }
    : null;
}

function unknownValue({ body }: Conjunct): Impossibility | null {
  const test = equality(body) ?? containing(body);
  const known = test && KNOWN_VALUES[test.path];
  if (!test || !known || test.values.some((value) => known.includes(JSON.parse(value) as string)))
    return null;
  return {
    message: `this rule can never match: ${test.values.join(', ')} is no value of \`${test.path}\``,
    suggestion: `there are ${known.map((value) => `\`${value}\``).join(', ')}`,
  };
}

interface Test {
  path: string;
  /** As JSON. */
  values: string[];
}

/** `path == "a"`, `path == "a" || path == "b"`, `["a", "b"].contains(path)`. */
function equality(body: Expr): Test | null {
  const either = operand(body, '||');
  if (either) {
    const [left, right] = [equality(either.left), equality(either.right)];
    return left && right && left.path === right.path
      ? { path: left.path, values: [...left.values, ...right.values] }
      : null;
  }
  const equal = operand(body, '==');
  if (equal) return testOf(equal.left, [equal.right]) ?? testOf(equal.right, [equal.left]);
  const contains = operand(body, 'contains');
  const set = contains && (operand(contains.left, 'Set') as unknown as Expr[] | undefined);
  return contains && set ? testOf(contains.right, set) : null;
}

/** `context.marks.contains("secret")`. */
function containing(body: Expr): Test | null {
  const contains = operand(body, 'contains');
  return contains ? testOf(contains.left, [contains.right]) : null;
}

function testOf(of: Expr, literals: readonly Expr[]): Test | null {
  const path = pathOf(of);
  const values = literals.map(literalOf);
  return path !== null && values.every((value) => value !== null) ? { path, values } : null;
}

function literalOf(expression: Expr): string | null {
  const value = operand(expression, 'Value') as unknown;
  return value === undefined || typeof value === 'object' ? null : JSON.stringify(value);
}

function pathOf(expression: Expr): string | null {
  const variable = operand(expression, 'Var') as unknown;
  if (typeof variable === 'string') return variable;
  const access = operand(expression, '.') as unknown as { left: Expr; attr: string } | undefined;
  const left = access && pathOf(access.left);
  return left ? `${left}.${access.attr}` : null;
}
