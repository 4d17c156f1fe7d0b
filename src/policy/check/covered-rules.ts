import { canonicalJson } from '../../domain/canonical-json';
import type { RuleShape } from './rule-shape';

/** A rule that changes nothing, since another one says as much wherever it matches. */
export interface CoveredRule {
  rule: RuleShape;
  by: RuleShape;
}

/**
 * Finds rules that another rule wholly covers: it matches wherever they do, and is as strict. Compared by what is
 * written; a rule that is covered in other words is not found.
 */
export function coveredRules(rules: readonly RuleShape[]): CoveredRule[] {
  return rules.flatMap((rule, place) => {
    const by = rules.find(
      (other, otherPlace) =>
        other !== rule &&
        covers(other, rule) &&
        // Of two that say the same the first one stays.
        (otherPlace < place || !covers(rule, other)),
    );
    return by ? [{ rule, by }] : [];
  });
}

function covers(wide: RuleShape, narrow: RuleShape): boolean {
  return (
    isAsStrict(wide, narrow) &&
    includesTools(wide, narrow) &&
    includesScope(wide.json.principal, narrow.json.principal) &&
    includesScope(wide.json.resource, narrow.json.resource) &&
    wide.conjuncts.every(({ key }) => narrow.conjuncts.some((other) => other.key === key))
  );
}

/** A denial stands above everything; what asks or counts, only above what asks or counts the same. */
function isAsStrict(wide: RuleShape, narrow: RuleShape): boolean {
  if (wide.outcome.kind === 'none' || narrow.outcome.kind === 'none') return false;
  if (wide.isObserved) return narrow.isObserved && isSame(wide.outcome, narrow.outcome);
  return wide.outcome.kind === 'deny' || isSame(wide.outcome, narrow.outcome);
}

function includesTools({ tools: wide }: RuleShape, { tools: narrow }: RuleShape): boolean {
  if (wide === 'every') return true;
  return narrow !== 'every' && [...narrow].every((tool) => wide.has(tool));
}

type Scope = RuleShape['json']['principal'] | RuleShape['json']['resource'];

function includesScope(wide: Scope, narrow: Scope): boolean {
  if (wide.op === 'All' || isSame(wide, narrow)) return true;
  if (wide.op !== 'is' || wide.in) return false;
  if (narrow.op === 'is') return narrow.entity_type === wide.entity_type;
  return narrow.op === '==' && 'entity' in narrow && typeOf(narrow.entity) === wide.entity_type;
}

function typeOf(entity: { __entity: { type: string } } | { type: string }): string {
  return '__entity' in entity ? entity.__entity.type : entity.type;
}

function isSame(one: unknown, other: unknown): boolean {
  return canonicalJson(one) === canonicalJson(other);
}
