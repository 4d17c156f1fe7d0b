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
  const places = new Map(rules.map((rule, place) => [rule, place]));
  const placeOf = (rule: RuleShape) => places.get(rule) ?? 0;
  const mayCover = rulesThatMayCover(rules);
  return rules.flatMap((rule) => {
    const by = mayCover(rule)
      .filter(
        (other) =>
          other !== rule &&
          covers(other, rule) &&
          // Of two that say the same the first one stays.
          (placeOf(other) < placeOf(rule) || !covers(rule, other)),
      )
      .sort((one, other) => placeOf(one) - placeOf(other))[0];
    return by ? [{ rule, by }] : [];
  });
}

/** A rule covers only what asks for all that it asks for: whoever shares its first test is looked at. */
function rulesThatMayCover(rules: readonly RuleShape[]): (narrow: RuleShape) => RuleShape[] {
  const byTest = new Map<string, RuleShape[]>();
  for (const rule of rules) {
    const key = rule.conjuncts[0]?.key ?? '';
    const same = byTest.get(key);
    if (same) same.push(rule);
    else byTest.set(key, [rule]);
  }
  return ({ conjuncts }) =>
    [...new Set(['', ...conjuncts.map(({ key }) => key)])].flatMap((key) => byTest.get(key) ?? []);
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
