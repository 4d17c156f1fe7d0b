import type { Expr, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import { canonicalJson } from '../../domain/canonical-json';
import type { RuleOutcome } from '../cedar/annotations';
import { readAnnotations } from '../cedar/annotations';
import { type WrittenRule, writtenRules } from '../cedar/check-rules';
import { toolsInScope } from '../cedar/literal-tests';
import type { FiledPolicy } from '../policy-folder';
import { ruleSource } from '../rule-problems';

/** A rule taken apart, for comparing it with others. */
export interface RuleShape extends WrittenRule {
  file: string;
  json: PolicyJson;
  outcome: RuleOutcome;
  isObserved: boolean;
  tools: 'every' | ReadonlySet<string>;
  /** All of which must hold for the rule to match. */
  conjuncts: Conjunct[];
}

export interface Conjunct {
  /** False for what stands behind `unless`. */
  isWanted: boolean;
  body: Expr;
  /** The same text for the same test. */
  key: string;
}

/** The rules of a policy that Cedar can read. */
export function ruleShapes(policy: FiledPolicy): RuleShape[] {
  return writtenRules(ruleSource(policy)).flatMap((rule): RuleShape[] => {
    const { json } = rule;
    if (!json) return [];
    const { outcome, isObserved } = readAnnotations(json);
    return [
      {
        ...rule,
        json,
        file: policy.file,
        outcome,
        isObserved,
        tools: toolsInScope(json),
        conjuncts: json.conditions.flatMap(({ kind, body }) => parts(body, kind === 'when')),
      },
    ];
  });
}

/** `a && b` are two; so are `unless { a || b }` and `!(a || b)`. */
function parts(body: Expr, isWanted: boolean): Conjunct[] {
  const inner = operand(body, isWanted ? '&&' : '||');
  if (inner) return [...parts(inner.left, isWanted), ...parts(inner.right, isWanted)];
  const negated = operand(body, '!');
  if (negated) return parts(negated.arg, !isWanted);
  return [{ isWanted, body, key: `${isWanted}${canonicalJson(body)}` }];
}

interface Operands {
  left: Expr;
  right: Expr;
  arg: Expr;
}

/** What an operator is applied to; undefined when the expression is of another kind. */
export function operand(expression: Expr, operator: string): Operands | undefined {
  return Object.hasOwn(expression, operator)
    ? ((expression as unknown as Record<string, unknown>)[operator] as Operands)
    : undefined;
}

/** Between the quotes of an `@enforces` that claims several bullets. */
const SEPARATOR = '|';

/** The bullets that a rule claims to enforce, as it quotes them. */
export function quotesOf({ json: { annotations } }: Pick<RuleShape, 'json'>): string[] {
  const claim = (annotations as Record<string, string | null> | undefined)?.enforces ?? '';
  return claim.split(SEPARATOR).filter((quote) => quote.trim() !== '');
}
