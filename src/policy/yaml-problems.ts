import { type Document, isMap, isSeq, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { GatehouseError } from '../domain/errors';
import { visibleText } from '../domain/visible-text';

/** YAML that was read against a schema, with what is needed to name lines in it. */
export interface YamlSource {
  /** As shown in messages. */
  file: string;
  text: string;
  /** Line of the file on which `text` begins. @default 1 */
  firstLine?: number;
  /** Code of the error when something is wrong. */
  code: string;
}

/**
 * Reads YAML strictly against a schema.
 *
 * @throws GatehouseError with the source's code, naming file and line of every problem
 */
export function readYaml<Schema extends z.ZodType>(source: YamlSource, schema: Schema): z.infer<Schema> {
  return readYamlDocument(source, schema).value;
}

/** As {@link readYaml}, and tells the line of each item of a list. @throws GatehouseError as {@link readYaml} */
export function readYamlItems<Item extends z.ZodType>(
  source: YamlSource,
  item: Item,
): { value: z.infer<Item>; line: number }[] {
  const { value, document, lineAt } = readYamlDocument(source, z.array(item));
  const nodes = isSeq(document.contents) ? document.contents.items : [];
  return value.map((each, index) => ({
    value: each,
    line: lineAt((nodes[index] as { range?: [number, number, number] } | undefined)?.range?.[0] ?? 0),
  }));
}

function readYamlDocument<Schema extends z.ZodType>(
  source: YamlSource,
  schema: Schema,
): { value: z.infer<Schema>; document: Document; lineAt: (offset: number) => number } {
  const lines = new LineCounter();
  if (source.text.trim() === '')
    throw problemsError(source, [{ line: source.firstLine ?? 1, text: 'there is nothing in it' }]);
  const document = parseDocument(source.text, { lineCounter: lines, prettyErrors: false, strict: true });
  const lineAt = (offset: number) => lines.linePos(offset).line + (source.firstLine ?? 1) - 1;
  const problems = document.errors.map(({ code, message, pos: [offset] }) => ({
    line: lineAt(offset),
    text: code === 'MULTIPLE_DOCS' ? 'a second document begins here; one is allowed' : sentence(message),
  }));
  if (problems.length > 0) throw problemsError(source, problems);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 50 });
  } catch (cause) {
    throw problemsError(source, [
      { line: lineAt(0), text: sentence(cause instanceof Error ? cause.message : String(cause)) },
    ]);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return { value: parsed.data, document, lineAt };
  throw problemsError(
    source,
    parsed.error.issues.flatMap((issue) => {
      const where = issue.path.join('.');
      if (issue.code === 'unrecognized_keys')
        return issue.keys.map((key) => ({
          line: lineAt(offsetOf(document, [...issue.path, key])),
          text: `unknown key \`${where ? `${where}.` : ''}${key}\``,
        }));
      const text = isMissing(document, issue.path) ? 'is missing' : sentence(issue.message);
      return [{ line: lineAt(offsetOf(document, issue.path)), text: where ? `\`${where}\`: ${text}` : text }];
    }),
  );
}

const MAX_SHOWN = 10;

/** One error for the problems of a file, the first ten, each as `file:line: problem`. */
export function problemsError(
  { file, code }: Pick<YamlSource, 'file' | 'code'>,
  problems: readonly { line: number; text: string }[],
): GatehouseError {
  const shown = [...problems].sort((one, other) => one.line - other.line);
  const words = shown
    .slice(0, MAX_SHOWN)
    .map(({ line, text }) => `${file}:${line}: ${visibleText(text, 300)}`);
  if (shown.length > MAX_SHOWN) words.push(`and ${shown.length - MAX_SHOWN} more`);
  return new GatehouseError(code, words.join('; '));
}

/** Where a path stands: at its key, or at the nearest thing around it that there is. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const parent = length > 1 ? document.getIn(path.slice(0, length - 1), true) : document.contents;
    const key = path[length - 1];
    if (isMap(parent)) {
      const pair = parent.items.find((item) => String(item.key) === String(key));
      const range = (pair?.key as { range?: [number, number, number] } | undefined)?.range;
      if (range) return range[0];
    }
    const node = document.getIn(path.slice(0, length), true) as
      | { range?: [number, number, number] }
      | undefined;
    if (node?.range) return node.range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}

function isMissing(document: Document, path: readonly PropertyKey[]): boolean {
  return path.length > 0 && !document.hasIn(path);
}

function sentence(text: string): string {
  const line = (text.split('\n')[0] ?? text).replace(/\.$/, '');
  return /^[A-Z][a-z]/.test(line) ? line.charAt(0).toLowerCase() + line.slice(1) : line;
}
