import { normalizeToolName } from '../domain/permissions';
import type { ToolDeclaration } from '../domain/tool-declaration';

/**
 * The first name in a tool's `sensitive` that is no parameter anywhere in its schema, or null: a misspelt one would
 * guard nothing. A schema with free-form objects or references may hold any name.
 */
export function unknownSensitive({ parameters, sensitive = [] }: ToolDeclaration): string | null {
  if (sensitive.length === 0) return null;
  const declared = new Set<string>();
  if (collect(parameters, declared)) return null;
  return sensitive.find((each) => !declared.has(normalizeToolName(each))) ?? null;
}

/** Collects the names of parameters at every depth. @returns whether there may be others */
function collect(schema: unknown, names: Set<string>): boolean {
  if (typeof schema !== 'object' || schema === null) return false;
  if (Array.isArray(schema)) return schema.map((each) => collect(each, names)).some(Boolean);
  const { properties, $ref, type, additionalProperties, ...others } = schema as Record<string, unknown>;
  const isObject = type === 'object' || (Array.isArray(type) && type.includes('object'));
  const fields = typeof properties === 'object' && properties !== null ? Object.entries(properties) : [];
  for (const [field] of fields) names.add(normalizeToolName(field));
  const below = [...fields.map(([, each]) => each), additionalProperties, ...Object.values(others)];
  const isOpen = $ref !== undefined || (isObject && fields.length === 0);
  return below.map((each) => collect(each, names)).some(Boolean) || isOpen;
}
