import { LRUCache } from 'lru-cache';
import { parseHcl } from '../../tools/hcl';

/** Longest text that is put together; a longer one stays as it is written. */
const MAX_TEXT_LENGTH = 10_000;

/** What expressions name by `local.` and `var.`, as far as it is literal. */
export interface Scope {
  /**
   * Puts what is literal in the place of what names it: `${local.tags}`, `"${var.environment}-web-s3"`,
   * `merge(local.tags, { Name = "x" })`. What is computed stays as it is written, and so equals no value a rule asks for.
   */
  resolve(value: unknown): Promise<unknown>;
}

/** @param values by the name an expression gives them: `local.tags`, `var.region` */
export function createScope(values: ReadonlyMap<string, unknown>): Scope {
  const known = new Map<string, unknown>();
  /** Names being followed, one after the other: a name that leads to itself has no value. */
  const trail = new Set<string>();

  async function resolve(value: unknown): Promise<unknown> {
    if (typeof value === 'string') return value.includes('${') ? resolveText(value) : value;
    // One after the other, so that `trail` is one path.
    if (Array.isArray(value)) {
      const list: unknown[] = [];
      for (const element of value) list.push(await resolve(element));
      return list;
    }
    if (!isRecord(value)) return value;
    const entries: [string, unknown][] = [];
    for (const [key, inner] of Object.entries(value))
      entries.push([String(await resolve(key)), await resolve(inner)]);
    return Object.fromEntries(entries);
  }

  async function resolveText(text: string): Promise<unknown> {
    const expression = wholeExpression(text);
    if (expression !== null) return (await evaluate(expression)) ?? text;
    let resolved = '';
    let end = 0;
    // `$${` is how a dollar sign and a brace are written.
    for (const match of text.matchAll(/\$\$\{|\$\{\s*((?:local|var)\.[\w-]+(?:\.[\w-]+)*)\s*\}/g)) {
      const value = match[1] === undefined ? undefined : await follow(match[1]);
      const isPlain = value !== undefined && value !== null && typeof value !== 'object';
      resolved += text.slice(end, match.index) + (isPlain ? String(value) : match[0]);
      end = match.index + match[0].length;
    }
    resolved += text.slice(end);
    return resolved.length > MAX_TEXT_LENGTH ? text : resolved;
  }

  /** Undefined where it cannot be told. */
  async function evaluate(expression: string): Promise<unknown> {
    if (/^(?:local|var)\.[\w-]+(?:\.[\w-]+|\["[\w -]+"\])*$/.test(expression))
      return follow(expression.replace(/\["([\w -]+)"\]/g, '.$1'));
    if (expression.startsWith('{')) {
      const map = await parseMap(expression);
      return map ? resolve(map) : undefined;
    }
    const merged = /^merge\(([\s\S]*)\)$/.exec(expression)?.[1];
    const parts = merged === undefined ? null : partsOf(merged);
    if (!parts) return undefined;
    const values: unknown[] = [];
    for (const part of parts) values.push(await evaluate(part));
    return merge(values, expression);
  }

  async function follow(path: string): Promise<unknown> {
    const [kind, first, ...keys] = path.split('.');
    const name = `${kind}.${first}`;
    if (!known.has(name)) {
      if (!values.has(name) || trail.has(name)) return undefined;
      trail.add(name);
      const found = await resolve(values.get(name));
      trail.delete(name);
      known.set(name, found);
    }
    let value = known.get(name);
    for (const key of keys) {
      if (!isRecord(value) || !Object.hasOwn(value, key)) return undefined;
      value = value[key];
    }
    return value;
  }

  return { resolve };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const maps = new LRUCache<string, { map: Record<string, unknown> | null }>({ max: 5_000 });

/** A map as an expression has it; null when it is none. */
async function parseMap(expression: string): Promise<Record<string, unknown> | null> {
  let known = maps.get(expression);
  if (!known) {
    const parsed = await parseHcl('expression', `value = ${expression}\n`);
    known = { map: parsed.ok && isRecord(parsed.body.value) ? parsed.body.value : null };
    maps.set(expression, known);
  }
  return known.map;
}

/** What is inside, where the text is nothing but one `${…}`. */
function wholeExpression(text: string): string | null {
  if (!text.startsWith('${') || !text.endsWith('}')) return null;
  const inner = text.slice(2, -1);
  return endOfPart(inner, 0) === inner.length ? inner.trim() : null;
}

/** What a part that cannot be told may replace is computed as well; what only it holds is not known to be there. */
function merge(parts: readonly unknown[], expression: string): Record<string, unknown> | undefined {
  const merged: Record<string, unknown> = {};
  for (const part of parts)
    if (isRecord(part)) Object.assign(merged, part);
    else for (const key of Object.keys(merged)) merged[key] = `\${${expression}}`;
  return Object.keys(merged).length > 0 ? merged : undefined;
}

/** The arguments of a call; null when they cannot be parted. */
function partsOf(text: string): string[] | null {
  const parts: string[] = [];
  for (let start = 0; start < text.length; ) {
    const end = endOfPart(text, start);
    if (end < text.length && text[end] !== ',') return null;
    const part = text.slice(start, end).trim();
    if (part !== '') parts.push(part);
    start = end + 1;
  }
  return parts;
}

/** Where the part that begins at `start` ends: a comma or a closing bracket that is not its own, or the end. */
function endOfPart(text: string, start: number): number {
  /** Brackets and quotes that are open; a template in a string opens a bracket again. */
  const open: string[] = [];
  for (let index = start; index < text.length; index++) {
    const character = text[index] as string;
    if (open.at(-1) === '"') {
      if (character === '\\') index++;
      else if (character === '"') open.pop();
      else if (character === '$' && text[index + 1] === '{') open.push(text[++index] as string);
    } else if ('"({['.includes(character)) open.push(character);
    else if (')}]'.includes(character)) {
      if (open.pop() === undefined) return index;
    } else if (character === ',' && open.length === 0) return index;
  }
  return text.length;
}
