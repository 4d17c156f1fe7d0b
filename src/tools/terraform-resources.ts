import { type HclBody, parseHcl, type SyntaxProblem } from './hcl';
import type { DescribedResource } from './resource';

/** The blocks of a Terraform file that have an address. */
export async function terraformResources(
  file: string,
  text: string,
): Promise<{ resources: DescribedResource[]; problems: SyntaxProblem[] }> {
  const parsed = await parseHcl(file, text);
  if (!parsed.ok) return { resources: [], problems: parsed.problems };
  const resources = terraformBlocks(file, text, parsed.body).map(({ kind: _kind, ...block }) => block);
  return { resources, problems: [] };
}

/** A block of a Terraform file that has an address. */
export interface TerraformBlock extends DescribedResource {
  /** `resource`, `data`, `module`, … */
  kind: string;
}

/** The blocks of a parsed file, in its order. Terraform's JSON writes lists where its own language repeats a block. */
export function terraformBlocks(file: string, text: string, root: HclBody): TerraformBlock[] {
  const lines = blockLines(text);
  const blocks = blocksOf(root).map(({ kind, labels, body }) => ({
    kind,
    address: addressOf(kind, labels),
    type: kind === 'resource' || kind === 'data' ? (labels[0] ?? kind) : kind,
    name: labels.at(-1) ?? kind,
    file,
    line: lines.get([kind, ...labels].join(' '))?.shift() ?? 1,
    attributes: body,
  }));
  return blocks.sort((one, other) => one.line - other.line);
}

interface Block {
  kind: string;
  labels: string[];
  body: unknown;
}

const LABELS: Record<string, number> = {
  resource: 2,
  data: 2,
  ephemeral: 2,
  module: 1,
  variable: 1,
  output: 1,
  provider: 1,
};

function blocksOf(root: HclBody): Block[] {
  const blocks: Block[] = [];
  const collect = (kind: string, labels: string[], missing: number, value: unknown) => {
    if (missing === 0) {
      for (const body of Array.isArray(value) ? value : [value]) blocks.push({ kind, labels, body });
    } else if (Array.isArray(value)) for (const part of value) collect(kind, labels, missing, part);
    else if (typeof value === 'object' && value !== null)
      for (const [label, inner] of Object.entries(value))
        collect(kind, [...labels, label], missing - 1, inner);
  };
  for (const [kind, count] of Object.entries(LABELS)) collect(kind, [], count, root[kind]);
  return blocks.filter(({ body }) => body !== undefined);
}

function addressOf(kind: string, labels: string[]): string {
  if (kind === 'resource') return labels.join('.');
  if (kind === 'variable') return `var.${labels[0]}`;
  return [kind, ...labels].join('.');
}

/**
 * Where each block begins, by its header. The parser does not tell; it has already proved the text well-formed, so that
 * headers can be found by their shape at depth 0, outside comments and here-documents.
 */
function blockLines(text: string): Map<string, number[]> {
  const found = new Map<string, number[]>();
  let depth = 0;
  let heredoc: string | null = null;
  let isComment = false;
  for (const [index, line] of text.split('\n').entries()) {
    if (heredoc !== null) {
      if (line.trim() === heredoc) heredoc = null;
      continue;
    }
    const code = withoutComments(line, isComment);
    isComment = code.isOpen;
    const header = depth === 0 ? /^\s*([a-z]+)((?:\s+"[^"]*"|\s+[\w-]+)*)\s*\{/.exec(code.text) : null;
    if (header?.[1]) {
      const labels = [...(header[2] ?? '').matchAll(/"([^"]*)"|([\w-]+)/g)].map(
        (label) => label[1] ?? label[2],
      );
      const key = [header[1], ...labels].join(' ');
      found.set(key, [...(found.get(key) ?? []), index + 1]);
    }
    const bare = code.text.replace(/"(?:\\.|[^"\\])*"/g, '""');
    depth += (bare.match(/[{[(]/g)?.length ?? 0) - (bare.match(/[}\])]/g)?.length ?? 0);
    heredoc = /<<-?\s*([\w-]+)\s*$/.exec(bare)?.[1] ?? null;
  }
  return found;
}

function withoutComments(line: string, isOpen: boolean): { text: string; isOpen: boolean } {
  let text = '';
  let inComment = isOpen;
  let inString = false;
  for (let index = 0; index < line.length; index++) {
    const two = line.slice(index, index + 2);
    if (inComment) {
      if (two === '*/') {
        inComment = false;
        index++;
      }
    } else if (inString) {
      text += line[index];
      if (line[index] === '\\') text += line[++index] ?? '';
      else if (line[index] === '"') inString = false;
    } else if (two === '/*') {
      inComment = true;
      index++;
    } else if (two === '//' || line[index] === '#') break;
    else {
      text += line[index];
      inString = line[index] === '"';
    }
  }
  return { text, isOpen: inComment };
}
