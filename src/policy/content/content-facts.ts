import { LRUCache } from 'lru-cache';
import type { ContentFacts, ContentResource } from '../../domain/content';
import { sha256 } from '../../domain/hashing';
import type { TerraformBlock } from '../../tools/terraform-resources';
import { flatten, TooManyAttributesError } from './flatten';
import { folderOf, type ParsedFile, parseFile, type SourceFile } from './source-file';
import { type Surroundings, type TerraformFile, terraformFacts } from './terraform-facts';

/** A file, or why its content is not to be had: `problem` completes "`main.tf` …". */
export type JudgedFile = SourceFile | { path: string; problem: string };

/** What a set of files declares, and which of them could not be read. */
export interface DeclaredContent {
  resources: ContentResource[];
  /** Files of which nothing can be said, by path. */
  problems: ReadonlyMap<string, FileProblem>;
}

interface FileProblem {
  /** Completes "`main.tf` …". */
  text: string;
  /** Tells the same file from another one with the same problem. */
  content: string;
}

/**
 * Reads what files declare.
 *
 * @param isWhole whether these are all Terraform files of the repository: only then are defaults of variables believed,
 * since a module's caller may set them
 */
export async function declaredContent(
  files: readonly JudgedFile[],
  { isWhole }: { isWhole: boolean },
): Promise<DeclaredContent> {
  const problems = new Map<string, FileProblem>();
  const parsed: ParsedFile[] = [];
  for (const file of files) {
    if ('problem' in file) problems.set(file.path, { text: file.problem, content: '' });
    else {
      const found = await parseFile(file);
      if (found?.kind === 'unparsable')
        problems.set(file.path, { text: found.problem, content: sha256(file.text) });
      else if (found) parsed.push(found);
    }
  }
  const terraform = parsed.filter((file) => file.kind === 'terraform');
  const surroundings: Surroundings = {
    values: parsed.filter((file) => file.kind === 'values'),
    modules: terraform.flatMap(({ blocks }): TerraformBlock[] =>
      blocks.filter(({ kind }) => kind === 'module'),
    ),
    isWhole,
  };
  const resources: ContentResource[] = [];
  const around = sha256(JSON.stringify(surroundings));
  for (const folder of new Set(terraform.map(({ path }) => folderOf(path)))) {
    const own = terraform.filter(({ path }) => folderOf(path) === folder);
    resources.push(...(await within(own, problems, () => factsOfFolder(own, surroundings, around))));
  }
  for (const file of parsed)
    if (file.kind === 'kubernetes')
      resources.push(...(await within([file], problems, async () => file.resources.map(kubernetesFacts))));
  return { resources, problems };
}

/**
 * Facts about what a change declares beyond what was there before; unchanged things are not judged again.
 *
 * An attribute `@newName` repeats `@name` where the thing or its name is new: to rename what exists mostly means to
 * replace it, which a rule about names should not ask for. What is gone has the type `removed`, and its own as `@type`.
 */
export function changedContent(after: DeclaredContent, ...before: readonly DeclaredContent[]): ContentFacts {
  for (const [path, problem] of after.problems)
    if (!before.some(({ problems }) => isSame(problems.get(path), problem)))
      return { kind: 'unavailable', problem: `\`${path}\` ${problem.text}` };
  const known = new Set(before.flatMap(({ resources }) => resources.map(identity)));
  const names = new Set(before.flatMap(({ resources }) => resources.map(named)));
  const changed = after.resources
    .filter((resource) => !known.has(identity(resource)))
    .map((resource) => (names.has(named(resource)) ? resource : withNewName(resource)));
  return { kind: 'loaded', resources: [...changed, ...removedContent(after, before)] };
}

/** What was there in every state before and is gone: of type `removed`, since what it was no longer has to be right. */
function removedContent(after: DeclaredContent, before: readonly DeclaredContent[]): ContentResource[] {
  const [first, ...others] = before;
  if (!first) return [];
  const isIn = ({ resources }: DeclaredContent) => new Set(resources.map(placed));
  const present = isIn(after);
  const stayed = others.map(isIn);
  return first.resources
    .filter((resource) => {
      const place = placed(resource);
      return !present.has(place) && stayed.every((places) => places.has(place));
    })
    .map((resource) => {
      const { '@taggable': _taggable, ...attributes } = resource.attributes;
      return {
        ...resource,
        type: 'removed',
        attributes: { ...attributes, '@type': resource.type },
        referencedBy: [],
      };
    });
}

function placed({ language, address, file }: ContentResource): string {
  return JSON.stringify([language, folderOf(file), address]);
}

function named(resource: ContentResource): string {
  return `${placed(resource)} ${resource.attributes['@name'] ?? ''}`;
}

function withNewName(resource: ContentResource): ContentResource {
  const name = resource.attributes['@name'];
  return name === undefined
    ? resource
    : { ...resource, attributes: { ...resource.attributes, '@newName': name } };
}

function isSame(one: FileProblem | undefined, other: FileProblem): boolean {
  return one?.text === other.text && one.content === other.content;
}

/** A resource that only moved within its folder is the same. */
function identity({ line: _line, file, ...resource }: ContentResource): string {
  return JSON.stringify([folderOf(file), resource]);
}

/** Most folders are the same before and after a change. */
const folders = new LRUCache<string, ContentResource[]>({ max: 2_000 });

async function factsOfFolder(
  files: readonly TerraformFile[],
  surroundings: Surroundings,
  around: string,
): Promise<ContentResource[]> {
  const key = sha256([around, ...files.map(({ hash }) => hash)].join());
  let facts = folders.get(key);
  if (!facts) {
    facts = await terraformFacts(files, surroundings);
    folders.set(key, facts);
  }
  return facts;
}

async function within(
  files: readonly { path: string }[],
  problems: Map<string, FileProblem>,
  work: () => Promise<ContentResource[]>,
): Promise<ContentResource[]> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof TooManyAttributesError)) throw error;
    for (const { path } of files)
      problems.set(path, { text: 'says more about one thing than is judged', content: '' });
    return [];
  }
}

function kubernetesFacts({
  type,
  name,
  namespace,
  address,
  file,
  line,
  attributes,
}: Extract<ParsedFile, { kind: 'kubernetes' }>['resources'][number]): ContentResource {
  return {
    language: 'kubernetes',
    type,
    name,
    address: namespace === undefined ? address : `${namespace}/${address}`,
    file,
    line,
    attributes: { ...flatten(attributes), '@name': name },
    referencedBy: [],
  };
}
