import type { CedarValueJson, Expr, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import { toolsInGroup } from './schema';

/** A rule cannot match unless the value at `path` is one of `values`. */
export interface LiteralTest {
  path: readonly string[];
  values: readonly Literal[];
}

export type Literal = string | number | boolean;

/** Path steps for a thing's type and for the whole of it, which no attribute can be named. */
export const TYPE = '@type';
export const WHOLE = '@whole';

/** How an entity is written as a literal. */
export function entityLiteral({ type, id }: { type: string; id: string }): string {
  return `${type}::${id}`;
}

/** The tools in a rule's scope. */
export function toolsInScope({ action }: PolicyJson): 'every' | ReadonlySet<string> {
  if (action.op === 'All') return 'every';
  const uids = 'entity' in action ? [action.entity] : 'entities' in action ? action.entities : null;
  // A slot, which no rule here may have.
  if (!uids) return 'every';
  return new Set(
    uids.flatMap((each) => {
      const { id } = uidOf(each);
      return action.op === 'in' ? [id, ...toolsInGroup(id)] : [id];
    }),
  );
}

/**
 * A test that decides whether a rule can match, or null. A rule left out by it would neither match nor fail: only the
 * scope and the first condition count, since a later one may never be reached.
 */
export function decidingTest(rule: PolicyJson): LiteralTest | null {
  return firstEquality(rule) ?? scopeTest(rule);
}

/** Names of all attributes that a rule reads anywhere; `every` where it takes the context or the arguments as a whole. */
export function attributesRead(rule: PolicyJson): 'every' | ReadonlySet<string> {
  const names = new Set<string>();
  let wholes = 0;
  walk(rule.conditions, (node) => {
    if (isRecord(node)) wholes++;
    for (const key of ['.', 'has']) {
      const access = node[key] as { left?: Record<string, unknown>; attr?: string | string[] } | undefined;
      if (!access?.left) continue;
      for (const name of [access.attr ?? []].flat()) names.add(name);
      // Read for one of its attributes, not as a whole.
      if (isRecord(access.left)) wholes--;
    }
  });
  return wholes > 0 ? 'every' : names;
}

/** Whether an expression is `context` or `context.args`. */
function isRecord(node: Record<string, unknown>): boolean {
  const path = pathOf(node as Expr);
  return path?.[0] === 'context' && (path.length === 1 || (path.length === 2 && path[1] === 'args'));
}

const CONTENT_ATTRIBUTES = new Set(['language', 'type', 'address', 'file', 'line', 'referencedBy']);

/** Whether a rule speaks of content: by its type, its tags, or an attribute that only content has. */
export function readsContent(rule: PolicyJson): boolean {
  let found = false;
  walk([rule.resource, rule.conditions], (node) => {
    if ('hasTag' in node || 'getTag' in node) found = true;
    if (node.entity_type === 'ContentResource' || node.type === 'ContentResource') found = true;
    for (const key of ['.', 'has']) {
      const access = node[key] as { left?: { Var?: unknown }; attr?: string | string[] } | undefined;
      const isResource = access?.left?.Var === 'resource';
      if (isResource && [access?.attr ?? []].flat().some((name) => CONTENT_ATTRIBUTES.has(name)))
        found = true;
    }
  });
  return found;
}

function scopeTest({ resource }: PolicyJson): LiteralTest | null {
  if (resource.op === '==' && 'entity' in resource)
    return { path: ['resource', WHOLE], values: [entityLiteral(uidOf(resource.entity))] };
  if (resource.op === 'is' && !resource.in)
    return { path: ['resource', TYPE], values: [resource.entity_type] };
  return null;
}

function firstEquality({ conditions }: PolicyJson): LiteralTest | null {
  for (const { kind, body } of conditions) {
    if (kind !== 'when') return null;
    for (const conjunct of conjuncts(body)) {
      const test = equality(conjunct);
      if (test) return test;
      // Asking whether something is there cannot fail, so what follows it still decides.
      if (!isPresenceTest(conjunct)) return null;
    }
  }
  return null;
}

function conjuncts(body: Expr): Expr[] {
  const both = member(body, '&&') as { left: Expr; right: Expr } | undefined;
  return both ? [...conjuncts(both.left), ...conjuncts(both.right)] : [body];
}

function equality(expression: Expr): LiteralTest | null {
  const either = member(expression, '||') as { left: Expr; right: Expr } | undefined;
  if (either) {
    const [left, right] = [equality(either.left), equality(either.right)];
    if (!left || !right || left.path.join('\0') !== right.path.join('\0')) return null;
    return { path: left.path, values: [...left.values, ...right.values] };
  }
  const equal = member(expression, '==') as { left: Expr; right: Expr } | undefined;
  if (equal) return testOf(equal.left, equal.right) ?? testOf(equal.right, equal.left);
  const contains = member(expression, 'contains') as { left: Expr; right: Expr } | undefined;
  const set = contains && (member(contains.left, 'Set') as Expr[] | undefined);
  if (!contains || !set) return null;
  const tests = set.map((each) => testOf(contains.right, each));
  if (tests.length === 0 || tests.some((test) => test === null)) return null;
  return { path: tests[0]!.path, values: tests.flatMap((test) => test!.values) };
}

function testOf(left: Expr, right: Expr): LiteralTest | null {
  const path = pathOf(left);
  if (!path || !('Value' in right)) return null;
  const value = right.Value as CedarValueJson;
  if (path.length === 1 && isEntity(value))
    return { path: [...path, WHOLE], values: [entityLiteral(value.__entity)] };
  if (path.length < 2) return null;
  return typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value)
    ? { path, values: [value as Literal] }
    : null;
}

/** `context.args.branch` as its steps; null for anything that is not a chain of attributes. */
function pathOf(expression: Expr): string[] | null {
  const variable = member(expression, 'Var');
  if (typeof variable === 'string')
    return variable === 'context' || variable === 'resource' ? [variable] : null;
  const access = member(expression, '.') as { left: Expr; attr: string } | undefined;
  const left = access && pathOf(access.left);
  return left ? [...left, access.attr] : null;
}

function isPresenceTest(expression: Expr): boolean {
  const has = member(expression, 'has') as { left: Expr } | undefined;
  if (has) {
    const path = pathOf(has.left)?.join('.');
    return path === 'context' || path === 'context.args' || path === 'resource';
  }
  const is = member(expression, 'is') as { left: Expr; in?: Expr } | undefined;
  if (is) return !is.in && pathOf(is.left)?.length === 1;
  const tag = member(expression, 'hasTag') as { left: Expr; right: Expr } | undefined;
  return tag !== undefined && pathOf(tag.left)?.join('.') === 'resource' && 'Value' in tag.right;
}

function member(expression: Expr, key: string): unknown {
  return Object.hasOwn(expression, key) ? (expression as Record<string, unknown>)[key] : undefined;
}

function isEntity(value: CedarValueJson): value is { __entity: { type: string; id: string } } {
  return typeof value === 'object' && value !== null && '__entity' in value;
}

function uidOf(uid: { __entity: { type: string; id: string } } | { type: string; id: string }) {
  return '__entity' in uid ? uid.__entity : uid;
}

function walk(value: unknown, visit: (node: Record<string, unknown>) => void): void {
  if (Array.isArray(value)) for (const each of value) walk(each, visit);
  else if (typeof value === 'object' && value !== null) {
    visit(value as Record<string, unknown>);
    for (const each of Object.values(value)) walk(each, visit);
  }
}
