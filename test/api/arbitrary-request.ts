import fc, { type Arbitrary } from 'fast-check';
import type { DescribedParameter, DescribedRoute, Description, JsonSchema } from './described-routes';

/** A request to a route, its path filled in. */
export interface ArbitraryRequest {
  path: string;
  headers: Record<string, string>;
  /** JSON; absent for none. */
  body?: string;
}

/** What the names and ids of a request are, most of the time: those that exist. */
export type KnownValues = (parameter: DescribedParameter | string) => readonly string[];

const anyText = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.constantFrom(
    '\0',
    '..',
    '/',
    '%00',
    'null',
    '-1',
    '💥',
    '\u202e',
    '\ud800',
    '__proto__',
    '9'.repeat(40),
  ),
);
const anyJson = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  anyText,
  fc.constant('['.repeat(200) + ']'.repeat(200)),
);

/** Requests as the document describes them. */
export function wellFormedRequest(
  route: DescribedRoute,
  { components }: Pick<Description, 'components'>,
  known: KnownValues,
): Arbitrary<ArbitraryRequest> {
  return requestOf(
    route,
    (parameter) => preferring(known(parameter), valueOfSchema(parameter.schema, components, known)),
    route.body ? valueOfSchema(route.body, components, known).map((body) => JSON.stringify(body)) : null,
  );
}

/** Requests that are wrong somewhere. */
export function malformedRequest(
  route: DescribedRoute,
  { components }: Pick<Description, 'components'>,
  known: KnownValues,
): Arbitrary<ArbitraryRequest> {
  const body = route.body ? valueOfSchema(route.body, components, known) : null;
  return requestOf(
    route,
    (parameter) => fc.oneof(preferring(known(parameter), anyText), anyText),
    body
      ? fc.oneof(
          anyText,
          anyJson.map((value) => JSON.stringify(value)),
          fc
            .tuple(body, anyText, anyJson)
            .map(([value, key, extra]) => JSON.stringify({ ...Object(value), [key]: extra })),
          fc
            .tuple(body, fc.nat(), anyJson)
            .map(([value, index, other]) => JSON.stringify(withOther(value, index, other))),
        )
      : null,
  );
}

function requestOf(
  route: DescribedRoute,
  valueFor: (parameter: DescribedParameter) => Arbitrary<unknown>,
  body: Arbitrary<string> | null,
): Arbitrary<ArbitraryRequest> {
  const values = fc.tuple(
    ...route.parameters.map((parameter) =>
      parameter.required ? valueFor(parameter) : fc.option(valueFor(parameter), { nil: undefined }),
    ),
  );
  return fc.tuple(values, body ?? fc.constant(undefined)).map(([given, text]) => {
    let { path } = route;
    const query: string[] = [];
    const headers: Record<string, string> = {};
    for (const [index, parameter] of route.parameters.entries()) {
      const value = given[index];
      if (value === undefined) continue;
      const shown = String(value).toWellFormed();
      if (parameter.in === 'path')
        path = path.replace(`{${parameter.name}}`, encodeURIComponent(shown) || '-');
      if (parameter.in === 'query') query.push(`${parameter.name}=${encodeURIComponent(shown)}`);
      if (parameter.in === 'header') headers[parameter.name] = shown.replace(/[^\x20-\x7e]/g, '').trim();
    }
    return { path: query.length > 0 ? `${path}?${query.join('&')}` : path, headers, body: text };
  });
}

/** Values that a schema allows. */
function valueOfSchema(
  schema: JsonSchema,
  components: Record<string, JsonSchema>,
  known: KnownValues,
): Arbitrary<unknown> {
  const inner = (other: JsonSchema) => valueOfSchema(other, components, known);
  if (schema.$ref) return inner(components[schema.$ref.split('/').at(-1)]!);
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const either = schema.oneOf ?? schema.anyOf;
  if (either) return fc.oneof(...either.map(inner));
  if (Array.isArray(schema.type))
    return fc.oneof(...schema.type.map((type: string) => inner({ ...schema, type })));
  switch (schema.type) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer':
    case 'number':
      return fc.integer({
        min: schema.minimum ?? (schema.exclusiveMinimum === undefined ? 0 : schema.exclusiveMinimum + 1),
        max: schema.maximum ?? 1_000_000,
      });
    case 'string':
      if (schema.pattern) return fc.stringMatching(new RegExp(schema.pattern));
      return fc.oneof(
        ...(schema.example ? [fc.constant(schema.example)] : []),
        fc.string({ minLength: schema.minLength ?? 0, maxLength: Math.min(schema.maxLength ?? 50, 50) }),
      );
    case 'array':
      return fc.array(inner(schema.items ?? {}), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? 3, 3),
      });
    case 'object':
      return fc.record(
        Object.fromEntries(
          Object.entries<JsonSchema>(schema.properties ?? {}).map(([name, property]) => [
            name,
            preferring(known(name), inner(property)),
          ]),
        ),
        { requiredKeys: schema.required ?? [] },
      );
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function preferring(known: readonly string[], other: Arbitrary<unknown>): Arbitrary<unknown> {
  if (known.length === 0) return other;
  return fc.oneof({ arbitrary: fc.constantFrom(...known), weight: 3 }, { arbitrary: other, weight: 1 });
}

function withOther(value: unknown, index: number, other: unknown): unknown {
  if (typeof value !== 'object' || value === null) return other;
  const keys = Object.keys(value);
  if (keys.length === 0) return other;
  return { ...value, [keys[index % keys.length]!]: other };
}
