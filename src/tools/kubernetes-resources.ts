import { LineCounter, parseAllDocuments } from 'yaml';
import type { SyntaxProblem } from './hcl';
import type { DescribedResource } from './resource';

/**
 * The Kubernetes objects of a YAML file, lists taken apart. A file that holds none gives none; what is wrong with it as
 * YAML or as a manifest is in `problems`.
 */
export function kubernetesResources(
  file: string,
  text: string,
): { resources: DescribedResource[]; problems: SyntaxProblem[] } {
  const lineCounter = new LineCounter();
  const resources: DescribedResource[] = [];
  const problems: SyntaxProblem[] = [];
  for (const document of parseAllDocuments(text, { lineCounter, prettyErrors: false })) {
    if (!('errors' in document)) continue;
    for (const error of document.errors)
      problems.push({
        file,
        line: lineCounter.linePos(error.pos[0]).line,
        message: oneLine(error.message),
        isSyntax: true,
      });
    if (document.errors.length > 0) continue;
    const line = lineCounter.linePos(document.contents?.range?.[0] ?? 0).line;
    try {
      // Custom tags are kept as text; aliases are limited, so that a small file cannot grow huge.
      collect(file, line, document.toJS({ maxAliasCount: 100 }), resources, problems);
    } catch {
      problems.push({ file, line, message: 'its aliases expand too far', isSyntax: true });
    }
  }
  return { resources, problems };
}

function collect(
  file: string,
  line: number,
  value: unknown,
  resources: DescribedResource[],
  problems: SyntaxProblem[],
): void {
  if (!isRecord(value)) return;
  const { kind, apiVersion, metadata, items } = value;
  if (typeof kind !== 'string' || typeof apiVersion !== 'string') {
    // Either alone is common in other files; with metadata it was meant as a manifest.
    if (isRecord(metadata) && (kind !== undefined || apiVersion !== undefined))
      problems.push({
        file,
        line,
        message: `has no \`${typeof kind === 'string' ? 'apiVersion' : 'kind'}\``,
      });
    return;
  }
  if (kind.endsWith('List') && Array.isArray(items)) {
    for (const item of items) collect(file, line, item, resources, problems);
    return;
  }
  const names = isRecord(metadata) ? metadata : {};
  const name = names.name ?? names.generateName;
  if (typeof name !== 'string' || name === '') {
    if (kind !== 'Kustomization' && kind !== 'Component')
      problems.push({ file, line, message: `${kind} has no \`metadata.name\`` });
    return;
  }
  resources.push({
    address: `${kind.toLowerCase()}/${name}`,
    type: kind,
    name,
    ...(typeof names.namespace === 'string' ? { namespace: names.namespace } : {}),
    file,
    line,
    attributes: kind === 'Secret' ? withoutValues(value) : value,
  });
}

/** A Secret says which keys it has, and nothing of what they hold. */
function withoutValues(secret: Record<string, unknown>): Record<string, unknown> {
  const hide = (part: unknown) =>
    isRecord(part) ? Object.fromEntries(Object.keys(part).map((key) => [key, '(hidden)'])) : part;
  return {
    ...secret,
    data: hide(secret.data),
    stringData: hide(secret.stringData),
    metadata: hideApplied(secret),
  };
}

function hideApplied({ metadata }: Record<string, unknown>): unknown {
  if (!isRecord(metadata) || !isRecord(metadata.annotations)) return metadata;
  const { 'kubectl.kubernetes.io/last-applied-configuration': _hidden, ...annotations } =
    metadata.annotations;
  return { ...metadata, annotations };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function oneLine(text: string): string {
  return text.split('\n')[0]?.trim() ?? text;
}
