import type { CedarValueJson, RecordType, Type } from '@cedar-policy/cedar-wasm/nodejs';
import { z } from 'zod';
import type { Tool } from '../../tools/tool';

export type CedarRecord = { type: 'Record' } & RecordType<string>;

/** A value that a rule cannot be shown; whoever tests it cannot be answered, so the call is refused. */
export class UnsayableError extends Error {
  override readonly name = 'UnsayableError';
}

const cache = new WeakMap<Tool, CedarRecord>();

/**
 * The arguments of a tool as Cedar's types, from its JSON Schema.
 *
 * Integers are `Long`, other numbers `decimal`, lists `Set`, objects with named properties records. An argument that
 * has no one such type (free-form objects, several types) is left out, so that a rule that names it fails at publish.
 */
export function argumentsType(tool: Tool): CedarRecord {
  const known = cache.get(tool);
  if (known) return known;
  const schema =
    tool.inputSchema ??
    (z.toJSONSchema(tool.parameters, { io: 'output', unrepresentable: 'any' }) as JsonSchema);
  const type = recordOf(schema, { root: schema, depth: 0 });
  cache.set(tool, type);
  return type;
}

/**
 * Arguments as a rule sees them: those the type names, nothing else. An absent one and null are both absent.
 *
 * @returns the record, and what is wrong with each argument that no rule can be shown
 */
export function argumentsRecord(
  type: CedarRecord,
  args: unknown,
): { record: Record<string, CedarValueJson>; unsayable: Map<string, string> } {
  const record: Record<string, CedarValueJson> = {};
  const unsayable = new Map<string, string>();
  for (const [name, attribute] of Object.entries(type.attributes)) {
    const value = propertyOf(args, name);
    if (value === undefined || value === null) continue;
    try {
      record[name] = cedarValue(attribute, value);
    } catch (error) {
      if (!(error instanceof UnsayableError)) throw error;
      unsayable.set(name, error.message);
    }
  }
  return { record, unsayable };
}

interface JsonSchema {
  [keyword: string]: unknown;
}

interface Place {
  root: JsonSchema;
  depth: number;
}

const MAX_DEPTH = 12;

/** Names that Cedar's JSON gives a meaning of its own. */
const RESERVED = /^__/;

function recordOf(schema: JsonSchema, place: Place): CedarRecord {
  const attributes: CedarRecord['attributes'] = {};
  for (const part of [schema, ...listOf(schema.allOf)].map((each) => resolved(each, place))) {
    const required = listOf<unknown>(part.required);
    for (const [name, property] of Object.entries(objectOf(part.properties))) {
      if (RESERVED.test(name)) continue;
      const type = typeOf(objectOf(property), { ...place, depth: place.depth + 1 });
      const isSent = required.includes(name) || objectOf(property).default !== undefined;
      const isNullable = listOf<unknown>(objectOf(property).type).includes('null');
      if (type) attributes[name] = { ...type, required: isSent && !isNullable };
    }
  }
  return { type: 'Record', attributes };
}

function typeOf(unresolved: JsonSchema, place: Place): Type<string> | null {
  if (place.depth > MAX_DEPTH) return null;
  const schema = resolved(unresolved, place);
  const choices = [...listOf<JsonSchema>(schema.anyOf), ...listOf<JsonSchema>(schema.oneOf)];
  if (choices.length > 0) return commonType(choices.map((choice) => typeOf(choice, deeper(place))));
  if (schema.type === undefined) {
    const values = schema.const === undefined ? listOf<unknown>(schema.enum) : [schema.const];
    return commonType(values.map((value) => typeOf({ type: typeOfValue(value) }, deeper(place))));
  }
  const types = (Array.isArray(schema.type) ? schema.type : [schema.type]).filter((type) => type !== 'null');
  if (types.length !== 1) return null;
  switch (types[0]) {
    case 'string':
      return { type: 'String' };
    case 'integer':
      return { type: 'Long' };
    case 'number':
      return { type: 'Extension', name: 'decimal' };
    case 'boolean':
      return { type: 'Boolean' };
    case 'array': {
      const element = typeOf(objectOf(schema.items), deeper(place));
      return element && { type: 'Set', element };
    }
    case 'object': {
      const record = recordOf(schema, place);
      return Object.keys(record.attributes).length > 0 ? record : null;
    }
    default:
      return null;
  }
}

function deeper(place: Place): Place {
  return { ...place, depth: place.depth + 1 };
}

function commonType(types: readonly (Type<string> | null)[]): Type<string> | null {
  const [first = null] = types;
  return types.every((type) => JSON.stringify(type) === JSON.stringify(first)) ? first : null;
}

function typeOfValue(value: unknown): string {
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

/** Follows references within the same schema; others lead nowhere. */
function resolved(schema: JsonSchema, { root }: Place): JsonSchema {
  let found = schema;
  for (let step = 0; typeof found.$ref === 'string' && step < MAX_DEPTH; step++) {
    const [start, ...keys] = found.$ref.split('/');
    if (start !== '#') return {};
    found = keys.reduce((at, key) => objectOf(at[key.replaceAll('~1', '/').replaceAll('~0', '~')]), root);
  }
  return found;
}

function cedarValue(type: Type<string>, value: unknown): CedarValueJson {
  switch (type.type) {
    case 'String':
      if (typeof value === 'string') return value;
      break;
    case 'Boolean':
      if (typeof value === 'boolean') return value;
      break;
    case 'Long':
      if (Number.isSafeInteger(value)) return value as number;
      break;
    case 'Extension':
      if (typeof value === 'number') return decimalOf(value);
      break;
    case 'Set': {
      const { element } = type as { element: Type<string> };
      if (Array.isArray(value)) return value.map((each) => cedarValue(element, each));
      break;
    }
    case 'Record': {
      const { record, unsayable } = argumentsRecord(type as CedarRecord, value);
      for (const [name, why] of unsayable) throw new UnsayableError(`\`${name}\` ${why}`);
      return record;
    }
  }
  throw new UnsayableError('has a value of another type than its schema says');
}

/** Cedar's decimals have four digits after the point; rounding could move a value over a limit. */
function decimalOf(value: number): CedarValueJson {
  const text = value.toFixed(4);
  if (Math.abs(value) > 900_000_000_000_000 || Number(text) !== value)
    throw new UnsayableError('is a number with more digits than rules can compare');
  return { __extn: { fn: 'decimal', arg: text } };
}

function propertyOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function objectOf(value: unknown): JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonSchema) : {};
}

function listOf<T = JsonSchema>(value: unknown): T[] {
  return Array.isArray(value) ? value : [];
}
