import path from 'node:path';
import type { Manifest } from './manifests';

interface Validator {
  (data: unknown): boolean;
  errors: { instancePath: string; message?: string; keyword: string; params: object }[] | null;
}

const SCHEMAS = path.join(path.dirname(require.resolve('kubernetes-models')), '_schemas');

/**
 * What Kubernetes' own schema has against an object, and keys it does not know: the API server drops those silently, so
 * that a misspelt `networkPolicy` would protect nothing.
 */
export function schemaProblems(manifest: Manifest): string[] {
  const read = new Set<string>();
  const validate = validatorOf(manifest);
  const isValid = validate(recording(manifest, '', read));
  const problems = isValid
    ? []
    : (validate.errors ?? []).map(
        ({ instancePath, keyword, params }) => `${instancePath} ${keyword} ${JSON.stringify(params)}`,
      );
  return [
    ...problems,
    ...keysOf(manifest, '')
      .filter((key) => !read.has(key))
      .map((key) => `${key} is unknown`),
  ];
}

function validatorOf({ apiVersion, kind }: Manifest): Validator {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['core', apiVersion];
  const name = `IoK8sApi${capital(group!.split('.')[0]!)}${capital(version!)}${kind}`;
  return (require(path.join(SCHEMAS, `${name}.js`)) as { validate: Validator }).validate;
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** The validators look at every key their schema knows, and at no other: what they read is noted. */
function recording<T>(value: T, at: string, read: Set<string>): T {
  if (typeof value !== 'object' || value === null) return value;
  return new Proxy(value, {
    get(target, key) {
      const inner: unknown = Reflect.get(target, key);
      if (typeof key !== 'string' || !Object.hasOwn(target, key)) return inner;
      read.add(`${at}/${key}`);
      return recording(inner, `${at}/${key}`, read);
    },
  });
}

function keysOf(value: unknown, at: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    ...(Array.isArray(value) ? [] : [`${at}/${key}`]),
    ...keysOf(inner, `${at}/${key}`),
  ]);
}
