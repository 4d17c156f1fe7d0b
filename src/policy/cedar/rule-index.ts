import { LRUCache } from 'lru-cache';
import { normalizeToolName } from '../../domain/permissions';
import type { CompiledRule } from './compiled-rule';
import type { Literal } from './literal-tests';
import { loadCedar } from './load-cedar';

/** Rules that may match a request, as one set that Cedar has read. */
export interface Slice {
  /** Cedar's name of the set. */
  name: string;
  /** By the name that Cedar has for each. */
  rules: ReadonlyMap<string, CompiledRule>;
  /** Attributes that any of them reads: Cedar is given no others. */
  attributes: 'every' | ReadonlySet<string>;
}

/** Looks a value of a request up; undefined where there is none, or none that a literal can equal. */
export type ReadPath = (path: readonly string[]) => Literal | undefined;

/**
 * Rules by the tools in their scope and by the literal each of them tests, so that a call is shown to few of them. What
 * is left out would neither match nor fail.
 */
export class RuleIndex {
  private readonly every: readonly CompiledRule[];
  private readonly byTool = new Map<string, CompiledRule[]>();
  private readonly shelves = new Map<string, Shelf | null>();

  constructor(rules: readonly CompiledRule[]) {
    for (const rule of rules)
      if (rule.tools !== 'every') for (const tool of rule.tools) append(this.byTool, tool, rule);
    this.every = rules.filter(({ tools }) => tools === 'every');
  }

  hasRulesFor(tool: string): boolean {
    return this.every.length > 0 || this.byTool.has(normalizeToolName(tool));
  }

  /** Whether every rule about a tool only observes. */
  isObservedFor(tool: string): boolean {
    const rules = [...this.every, ...(this.byTool.get(normalizeToolName(tool)) ?? [])];
    return rules.every(({ isObserved }) => isObserved);
  }

  /** Null when no rule may match. */
  sliceFor(tool: string, read: ReadPath): Slice | null {
    const shelf = this.shelfOf(tool);
    if (!shelf) return null;
    const chosen = [...shelf.always];
    let signature = '';
    for (const { path, rules, byLiteral } of shelf.tests) {
      const value = read(path);
      // A value that is not there would make the rule fail, which must be seen.
      const found = value === undefined ? { mark: '*', rules } : byLiteral.get(value);
      signature += `${found?.mark ?? '-'},`;
      if (found) chosen.push(...found.rules);
    }
    if (chosen.length === 0) return null;
    return shelf.slice(signature, () => chosen.sort((one, other) => one.place - other.place));
  }

  private shelfOf(tool: string): Shelf | null {
    const name = normalizeToolName(tool);
    const named = this.byTool.get(name);
    // One shelf for all tools that no rule names: a model cannot make us keep one for each name it invents.
    const key = named ? `tool ${name}` : '';
    let shelf = this.shelves.get(key);
    if (shelf === undefined) {
      const rules = [...this.every, ...(named ?? [])];
      shelf = rules.length === 0 ? null : new Shelf(rules);
      this.shelves.set(key, shelf);
    }
    return shelf;
  }
}

/** The rules that test one path. */
interface Tested {
  path: readonly string[];
  rules: CompiledRule[];
  byLiteral: Map<Literal, { mark: string; rules: CompiledRule[] }>;
}

/** The rules about one tool. */
class Shelf {
  readonly always: readonly CompiledRule[];
  readonly tests: readonly Tested[];
  private readonly id = nextShelf++;

  constructor(rules: readonly CompiledRule[]) {
    this.always = rules.filter(({ test }) => test === null);
    const tests = new Map<string, Tested>();
    for (const rule of rules) {
      if (!rule.test) continue;
      const { path, values } = rule.test;
      const key = path.join('\0');
      const tested: Tested = tests.get(key) ?? { path, rules: [], byLiteral: new Map() };
      tests.set(key, tested);
      tested.rules.push(rule);
      for (const value of new Set(values)) {
        const { byLiteral } = tested;
        const same = byLiteral.get(value);
        if (same) same.rules.push(rule);
        else byLiteral.set(value, { mark: String(byLiteral.size), rules: [rule] });
      }
    }
    this.tests = [...tests.values()];
  }

  slice(signature: string, rules: () => readonly CompiledRule[]): Slice {
    const key = `${this.id} ${signature}`;
    const known = slices.get(key);
    if (known) return known;
    const made = prepare(rules());
    slices.set(key, made);
    return made;
  }
}

function append<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

let nextShelf = 0;

/** Most rules that Cedar keeps read, over all slices of this thread. */
const MAX_PREPARED_RULES = 50_000;
const freeNames: string[] = [];
let names = 0;
const slices = new LRUCache<string, Slice>({
  maxSize: MAX_PREPARED_RULES,
  sizeCalculation: ({ rules }) => Math.min(rules.size, MAX_PREPARED_RULES),
  // Cedar forgets no set; a name that is free is written over.
  dispose: ({ name }) => freeNames.push(name),
});

function prepare(rules: readonly CompiledRule[]): Slice {
  const byName = new Map(rules.map((rule, index) => [`r${index}`, rule]));
  const name = freeNames.pop() ?? `slice-${names++}`;
  const answer = loadCedar().preparsePolicySet(name, {
    staticPolicies: Object.fromEntries([...byName].map(([key, { text }]) => [key, text])),
  });
  if (answer.type === 'failure')
    throw new Error(`cedar cannot prepare rules: ${answer.errors[0]?.message ?? 'no reason given'}`);
  return { name, rules: byName, attributes: attributesOf(rules) };
}

function attributesOf(rules: readonly CompiledRule[]): Slice['attributes'] {
  const names = new Set<string>();
  for (const { attributes } of rules) {
    if (attributes === 'every') return 'every';
    for (const attribute of attributes) names.add(attribute);
  }
  return names;
}
