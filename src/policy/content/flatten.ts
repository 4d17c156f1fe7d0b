/** What stands in a list's common value for an element that lacks it. */
const UNSET = '(unset)';

/** Most attributes of one resource, and the longest value that is shown whole. */
const MAX_ATTRIBUTES = 5_000;
const MAX_VALUE_LENGTH = 4_096;

/** A resource that says more than is judged. */
export class TooManyAttributesError extends Error {
  override readonly name = 'TooManyAttributesError';
}

/**
 * Attributes as text, by their path.
 *
 * - `storage_encrypted = true` → `storage_encrypted`: `true`; null is as if it were not there
 * - maps and blocks → their size under their own name, and `tags.Owner`, `root_block_device.encrypted`
 * - lists of values → all of them under their own name, `a, b`, and `name.0`, `name.1`
 * - lists of maps, blocks that repeat → `disk.0.encrypted`, and under `disk.encrypted` the value that all of them have;
 *   where they differ, all values: `false | true | (unset)`. So a rule that asks for one value asks it of every one.
 *
 * @throws TooManyAttributesError
 */
export function flatten(value: unknown): Record<string, string> {
  const attributes = Object.fromEntries(flattened(value));
  delete attributes[''];
  return attributes;
}

type Flat = Map<string, string>;

function flattened(value: unknown): Flat {
  if (value === null || value === undefined) return new Map();
  if (Array.isArray(value)) return flattenedList(value);
  if (typeof value !== 'object') return new Map([['', textOf(value)]]);
  const flat: Flat = new Map();
  const entries = Object.entries(value);
  flat.set('', String(entries.length));
  for (const [key, inner] of entries)
    for (const [path, text] of flattened(inner)) put(flat, path === '' ? key : `${key}.${path}`, text);
  return flat;
}

function flattenedList(list: readonly unknown[]): Flat {
  const flat: Flat = new Map();
  const elements = list.map(flattened);
  const areValues = list.every((element) => typeof element !== 'object' || element === null);
  put(flat, '', areValues ? textOf(list.map((element) => textOf(element)).join(', ')) : String(list.length));
  elements.forEach((element, index) => {
    for (const [path, text] of element) put(flat, path === '' ? `${index}` : `${index}.${path}`, text);
  });
  for (const path of new Set(elements.flatMap((element) => [...element.keys()])))
    if (path !== '') put(flat, path, commonText(elements.map((element) => element.get(path))));
  return flat;
}

function commonText(texts: readonly (string | undefined)[]): string {
  const distinct = [...new Set(texts.map((text) => text ?? UNSET))].sort();
  return textOf(distinct.join(' | '));
}

function textOf(value: unknown): string {
  const text = String(value);
  return text.length > MAX_VALUE_LENGTH ? `${text.slice(0, MAX_VALUE_LENGTH)}…` : text;
}

/** INVARIANT: bounded at every level, since lists in lists double what is said. */
function put(flat: Flat, path: string, text: string): void {
  if (flat.size >= MAX_ATTRIBUTES) throw new TooManyAttributesError();
  flat.set(path, text);
}
