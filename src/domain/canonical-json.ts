import { parse, type ValueNode } from '@humanwhocodes/momoa';
import canonicalize from 'canonicalize';
import { GatehouseError } from './errors';
import { visibleText } from './visible-text';

export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };
export type JsonObject = { [key: string]: JsonValue };

/** Longest JSON text that is read, in UTF-16 units, and deepest nesting. */
export const MAX_JSON_LENGTH = 300_000;
const MAX_DEPTH = 64;

/**
 * Reads JSON strictly: duplicate keys, the key `__proto__`, numbers that a double cannot hold, lone surrogates and deep
 * nesting are errors.
 *
 * @throws GatehouseError `json-malformed`, its message saying what and where
 */
export function parseStrictJson(text: string, maxLength = MAX_JSON_LENGTH): JsonValue {
  if (text.length > maxLength) throw malformed(`is longer than ${maxLength} characters`);
  if (deepestNesting(text) > MAX_DEPTH) throw malformed(`is nested deeper than ${MAX_DEPTH}`);
  let document: ReturnType<typeof parse>;
  try {
    // The parser that sees duplicate keys lets bare control characters in strings pass; this one does not.
    JSON.parse(text);
    document = parse(text, { mode: 'json' });
  } catch (cause) {
    throw malformed(
      cause instanceof Error ? `cannot be parsed: ${firstLine(cause.message)}` : 'cannot be parsed',
      cause,
    );
  }
  return jsonValueOf(document.body as ValueNode, '$');
}

/** The RFC 8785 text of a value. */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value);
  if (text === undefined) throw malformed('has no JSON form');
  return text;
}

function jsonValueOf(node: ValueNode, path: string): JsonValue {
  switch (node.type) {
    case 'Object': {
      // A plain object without a prototype: `__proto__` is then a key like any other.
      const object: JsonObject = Object.create(null);
      for (const member of node.members) {
        const key = textOf(member.name.type === 'String' ? member.name.value : member.name.name, path);
        // Schema libraries pass over this key without a word, so nobody would judge it.
        if (key === '__proto__') throw malformed(`has the key \`__proto__\` at ${path}; name it otherwise`);
        if (key in object) throw malformed(`has the key \`${key}\` twice at ${path}`);
        object[key] = jsonValueOf(member.value, `${path}.${key}`);
      }
      return object;
    }
    case 'Array':
      return node.elements.map((element, index) => jsonValueOf(element.value, `${path}[${index}]`));
    case 'String':
      return textOf(node.value, path);
    case 'Number':
      return numberOf(node.value, path);
    case 'Boolean':
      return node.value;
    case 'Null':
      return null;
    default:
      throw malformed(`holds a value that JSON does not know at ${path}`);
  }
}

function textOf(text: string, path: string): string {
  if (!text.isWellFormed()) throw malformed(`holds half a character (a lone surrogate) at ${path}`);
  return text;
}

function numberOf(number: number, path: string): number {
  if (!Number.isFinite(number)) throw malformed(`holds a number out of range at ${path}`);
  if (Number.isInteger(number) && !Number.isSafeInteger(number))
    throw malformed(`holds a whole number that loses digits at ${path}; send it as text`);
  return number;
}

/** Counts brackets outside strings, so that a bomb of them never reaches a recursive parser. */
function deepestNesting(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const character = text.charCodeAt(index);
    if (inString) {
      if (character === 0x5c) index++;
      else if (character === 0x22) inString = false;
    } else if (character === 0x22) inString = true;
    else if (character === 0x7b || character === 0x5b) deepest = Math.max(deepest, ++depth);
    else if (character === 0x7d || character === 0x5d) depth--;
  }
  return deepest;
}

function firstLine(text: string): string {
  return (text.split('\n')[0] ?? text).toLowerCase().replace(/\.$/, '');
}

function malformed(what: string, cause?: unknown): GatehouseError {
  // What it quotes is a model's: keys of any length and any character.
  return new GatehouseError('json-malformed', `the JSON text ${visibleText(what, 300)}`, { cause });
}
