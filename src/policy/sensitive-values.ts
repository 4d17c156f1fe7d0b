import { normalizeToolName } from '../domain/permissions';
import { isSensitiveName } from '../tools/sensitive-names';
import type { ReadCall } from './layer';

/** The values of one sensitive argument that count. */
export interface SensitiveArgument {
  /** Its path: `recipients`, `attachment.url`. */
  path: string;
  values: string[];
}

/**
 * The arguments of a call that say who or where, wherever in the arguments they stand, with every value in them. Null
 * and empty values say nothing.
 */
export function sensitiveArguments({ tool, args, judgement }: ReadCall): SensitiveArgument[] {
  if (tool.sensitive.length === 0 && tool.isSensitiveByName !== true) return [];
  const named = new Set(tool.sensitive.map(normalizeToolName));
  const isSensitive = (key: string) =>
    named.has(normalizeToolName(key)) ||
    (tool.isSensitiveByName === true && isSensitiveName(key, judgement.effect));
  const found = new Map<string, string[]>();
  const visit = (value: unknown, path: string): void => {
    if (Array.isArray(value)) for (const each of value) visit(each, path);
    else if (isRecord(value))
      for (const [key, each] of Object.entries(value)) {
        const below = path === '' ? key : `${path}.${key}`;
        if (!isSensitive(key)) visit(each, below);
        else {
          const values = valuesIn(each);
          if (values.length > 0) found.set(below, [...(found.get(below) ?? []), ...values]);
        }
      }
  };
  visit(args, '');
  return [...found].map(([path, values]) => ({ path, values }));
}

/** A key that a schema would spell out; any other key of a map is a value like those it leads to. */
const FIELD_NAME = /^[A-Za-z_][\w-]*$/;

function valuesIn(value: unknown): string[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.flatMap(valuesIn);
  if (isRecord(value))
    return Object.entries(value).flatMap(([key, each]) => [
      ...(FIELD_NAME.test(key) ? [] : [key]),
      ...valuesIn(each),
    ]);
  const text = String(value);
  return text.trim() === '' ? [] : [text];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
