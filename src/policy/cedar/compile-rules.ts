import { LRUCache } from 'lru-cache';
import type { PolicyRule, PolicySnapshot } from '../../domain/policy';
import { readAnnotations } from './annotations';
import type { BrokenRule, CompiledRule } from './compiled-rule';
import { attributesRead, decidingTest, readsContent, toolsInScope } from './literal-tests';
import { loadCedar } from './load-cedar';
import { readRule } from './read-rule';
import { RuleIndex } from './rule-index';
import { changesContent } from './schema';
import { splitSource } from './split-source';

/** The rules of one snapshot. */
export interface CompiledRules {
  rules: readonly CompiledRule[];
  broken: readonly BrokenRule[];
  /** Rules that give findings, and those that count calls: both in the order of the policies. */
  findings: RuleIndex;
  content: RuleIndex;
  rates: RuleIndex;
}

const MAX_SNAPSHOTS = 100;
const cache = new LRUCache<string, { source: readonly PolicyRule[]; compiled: CompiledRules }>({
  max: MAX_SNAPSHOTS,
});

/** Compiles a snapshot's rules, once for each snapshot. */
export function compileRules(snapshot: Pick<PolicySnapshot, 'id' | 'rules'>): CompiledRules {
  const known = cache.get(snapshot.id);
  if (known && isSameSource(known.source, snapshot.rules)) {
    known.source = snapshot.rules;
    return known.compiled;
  }
  const compiled = compile(snapshot.rules);
  cache.set(snapshot.id, { source: snapshot.rules, compiled });
  return compiled;
}

/** Whether rules of this snapshot judge what a tool leaves behind, so that the facts must be loaded before. */
export function judgesContent(snapshot: Pick<PolicySnapshot, 'id' | 'rules'>, tool: string): boolean {
  if (snapshot.rules.length === 0 || !changesContent(tool)) return false;
  return compileRules(snapshot).content.hasRulesFor(tool);
}

/** Lower-case words joined by `-`, for the ids of findings. */
export function slugOf(name: string): string {
  return (
    name
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '') || 'policy'
  );
}

/** The name of a rule without an `@id`: its place in its policy, from 1. */
export function unnamedRule(place: number): string {
  return `rule-${place}`;
}

function compile(source: readonly PolicyRule[]): CompiledRules {
  const rules: CompiledRule[] = [];
  const broken: BrokenRule[] = [];
  const ids = new Set<string>();
  const places = new Map<string, number>();
  for (const block of source) {
    const key = JSON.stringify([block.policyId, block.policy]);
    for (const text of textsOf(block.source)) {
      const place = (places.get(key) ?? 0) + 1;
      places.set(key, place);
      const result = compileRule(text, block.policy, place);
      const unique = uniqueId(result.id, ids);
      if ('text' in result) rules.push({ ...result, id: unique, place: rules.length });
      else broken.push({ ...result, id: unique });
    }
  }
  const asking = rules.filter(({ outcome }) => outcome.kind !== 'rate');
  return {
    rules,
    broken,
    findings: new RuleIndex(asking),
    content: new RuleIndex(asking.filter((rule) => rule.readsContent)),
    rates: new RuleIndex(rules.filter(({ outcome }) => outcome.kind === 'rate')),
  };
}

/** The rules of a block; all of it as one that cannot be read when Cedar counts other rules in it than we do. */
function textsOf(source: string): string[] {
  const texts = splitSource(source).map(({ text }) => text);
  // Rules that Cedar reads one by one are the same rules one after another.
  if (texts.every((text) => readRule(text).type === 'success')) return texts;
  const counted = loadCedar().policySetTextToParts(source);
  if (
    counted.type === 'success' &&
    counted.policies.length + counted.policy_templates.length !== texts.length
  )
    return [`${source}\n;`];
  return texts;
}

function compileRule(text: string, policy: string, place: number): CompiledRule | BrokenRule {
  const slug = slugOf(policy);
  const answer = readRule(text);
  if (answer.type === 'failure') {
    const problem = answer.errors[0]?.message ?? 'it is not a rule of Cedar';
    return { id: `${slug}/${unnamedRule(place)}`, policy, problem, tools: 'every' };
  }
  const { json } = answer;
  const terms = readAnnotations(json);
  const id = `${slug}/${slugOf(terms.id ?? unnamedRule(place))}`;
  const tools = toolsInScope(json);
  const [problem] = terms.problems;
  if (problem) return { id, policy, problem: problem.text, tools };
  return {
    id,
    place: 0,
    policy,
    message: terms.message ?? `the policy \`${policy}\` forbids this`,
    outcome: terms.outcome,
    isObserved: terms.isObserved,
    text,
    effect: json.effect,
    tools,
    readsContent: readsContent(json),
    test: decidingTest(json),
    attributes: attributesRead(json),
  };
}

/** Two rules of one name would be approved together; publishing refuses them, and a snapshot keeps them apart. */
function uniqueId(id: string, taken: Set<string>): string {
  let unique = id;
  for (let count = 2; taken.has(unique); count++) unique = `${id}-${count}`;
  taken.add(unique);
  return unique;
}

function isSameSource(one: readonly PolicyRule[], other: readonly PolicyRule[]): boolean {
  if (one === other) return true;
  return (
    one.length === other.length &&
    one.every((rule, index) => {
      const same = other[index]!;
      return rule.source === same.source && rule.policy === same.policy && rule.policyId === same.policyId;
    })
  );
}
