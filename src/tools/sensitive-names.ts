import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Effect } from '../domain/effect';
import { normalizeToolName } from '../domain/permissions';

const words = z.array(z.string().regex(/^[a-z0-9]+( [a-z0-9]+)*$/)).min(1);
const schema = z.strictObject({
  who: words,
  address: words,
  phrase: words,
  unlessRead: words,
  references: words,
  forms: words,
});
const data = schema.parse(parse(readFileSync(join(__dirname, 'sensitive-names.yaml'), 'utf8')));

const WHO = new Set(data.who);
const ADDRESSES = new Set(data.address);
const REFERENCES = new Set(data.references);
const FORMS = new Set(data.forms);
const PREPOSITIONS = new Set(['to', 'for', 'of', 'in']);

/**
 * Whether a parameter says who or where by its name, for a tool that does not declare its own (POLICY §6). The names and
 * how they are read are in `sensitive-names.yaml`.
 */
export function isSensitiveName(parameter: string, effect: Effect): boolean {
  const name = wordsOf(parameter);
  if (endsWithAny(name, data.phrase)) return true;
  const preposition = name.findIndex((word, index) => index > 0 && PREPOSITIONS.has(word));
  const head = preposition === -1 ? name : name.slice(0, preposition);
  const last = head.at(-1) ?? '';
  if (isIn(ADDRESSES, last) || isIn(WHO, last)) return true;
  if (isIn(FORMS, last) && isIn(ADDRESSES, head.at(-2) ?? '')) return true;
  const bare = isIn(REFERENCES, last) && head.length > 1 ? head.slice(0, -1) : head;
  if (isIn(WHO, bare.at(-1) ?? '')) return true;
  return effect !== 'read' && (endsWithAny(head, data.unlessRead) || endsWithAny(bare, data.unlessRead));
}

/** Parameters of a JSON Schema that say who or where by their names. */
export function sensitiveByName(parameters: Record<string, unknown>, effect: Effect): string[] {
  const properties = parameters.properties;
  if (typeof properties !== 'object' || properties === null) return [];
  return Object.keys(properties).filter((key) => isSensitiveName(key, effect));
}

function wordsOf(parameter: string): string[] {
  return normalizeToolName(parameter.replace(/([A-Z]+)([A-Z][a-z])/g, '$1-$2'))
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}

function isIn(names: ReadonlySet<string>, word: string): boolean {
  return singulars(word).some((each) => names.has(each));
}

function endsWithAny(name: readonly string[], phrases: readonly string[]): boolean {
  return phrases.some((phrase) => {
    const wanted = phrase.split(' ');
    const end = name.slice(-wanted.length);
    // `to` alone is a name, and at the end of another it may be a bound: `valid_to`.
    if (phrase === 'to' || phrase === 'from') return name.length === 1 && name[0] === phrase;
    return wanted.every((word, index) => singulars(end[index] ?? '').includes(word));
  });
}

function singulars(word: string): string[] {
  return [word, word.replace(/s$/, ''), word.replace(/es$/, ''), word.replace(/ies$/, 'y')];
}
