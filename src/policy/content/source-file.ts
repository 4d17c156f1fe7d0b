import { LRUCache } from 'lru-cache';
import { parseStrictJson } from '../../domain/canonical-json';
import { publicMessage } from '../../domain/errors';
import { sha256 } from '../../domain/hashing';
import { type HclBody, parseHcl } from '../../tools/hcl';
import { kubernetesResources } from '../../tools/kubernetes-resources';
import type { DescribedResource } from '../../tools/resource';
import { type TerraformBlock, terraformBlocks } from '../../tools/terraform-resources';

/** A file that content rules look at. */
export interface SourceFile {
  /** Relative to the workspace. */
  path: string;
  text: string;
}

/** A file as parsed; `problem` completes "`main.tf` …", `hash` is that of path and text. */
export type ParsedFile =
  | { kind: 'terraform'; path: string; hash: string; body: HclBody; blocks: TerraformBlock[] }
  | { kind: 'values'; path: string; body: HclBody }
  | { kind: 'kubernetes'; path: string; resources: DescribedResource[] }
  | { kind: 'unparsable'; path: string; problem: string };

/** What a file's name says it holds, or null where rules about content have nothing to say to it. */
export function kindOfFile(path: string): 'terraform' | 'values' | 'kubernetes' | null {
  const name = path.toLowerCase();
  if (/\.(tf|tofu)(\.json)?$/.test(name)) return 'terraform';
  if (/\.tfvars(\.json)?$/.test(name)) return 'values';
  return /\.ya?ml$/.test(name) ? 'kubernetes' : null;
}

export function folderOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '.';
}

/** The same file is judged at several calls: what was parsed is kept by its content. */
const parsed = new LRUCache<string, ParsedFile>({ max: 5_000 });

/** Parses a file; one that is no Terraform, values or YAML file is none. */
export async function parseFile(file: SourceFile): Promise<ParsedFile | null> {
  const kind = kindOfFile(file.path);
  if (kind === null || isTemplate(file)) return null;
  // The path stands in what is found, and its ending decides the parser.
  const key = sha256(`${file.path}\0${file.text}`);
  let found = parsed.get(key);
  if (!found) {
    found = await parse(kind, file, key);
    parsed.set(key, found);
  }
  return found;
}

async function parse(
  kind: 'terraform' | 'values' | 'kubernetes',
  { path, text }: SourceFile,
  hash: string,
): Promise<ParsedFile> {
  if (kind === 'kubernetes') {
    const { resources, problems } = kubernetesResources(path, text);
    const broken = problems.find((problem) => problem.isSyntax);
    return broken ? unparsable(path, broken) : { kind, path, resources };
  }
  const body = path.toLowerCase().endsWith('.json') ? jsonBody(path, text) : await hclBody(path, text);
  if ('kind' in body) return body;
  if (kind === 'values') return { kind, path, body: body.body };
  return { kind, path, hash, body: body.body, blocks: terraformBlocks(path, text, body.body) };
}

async function hclBody(path: string, text: string): Promise<{ body: HclBody } | ParsedFile> {
  const result = await parseHcl(path, text.replace(/^\uFEFF/, ''));
  return result.ok ? { body: result.body } : unparsable(path, result.problems[0]);
}

function jsonBody(path: string, text: string): { body: HclBody } | ParsedFile {
  try {
    const body = parseStrictJson(text.replace(/^\uFEFF/, ''));
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return { body };
    return unparsable(path, { line: 1, message: 'is no JSON object' });
  } catch (error) {
    return unparsable(path, { line: 1, message: publicMessage(error) });
  }
}

function unparsable(path: string, problem: { line: number; message: string } | undefined): ParsedFile {
  const { line, message } = problem ?? { line: 1, message: 'unknown' };
  return { kind: 'unparsable', path, problem: `cannot be parsed, line ${line}: ${message}` };
}

/** A template of YAML, as in a Helm chart: only its program can read it. */
function isTemplate({ path, text }: SourceFile): boolean {
  return /\.ya?ml$/i.test(path) && /(^|\/)templates\//.test(path) && /\{\{-?\s/.test(text);
}
