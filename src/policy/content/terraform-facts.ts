import { posix } from 'node:path';
import type { ContentResource } from '../../domain/content';
import type { TerraformBlock } from '../../tools/terraform-resources';
import { flatten } from './flatten';
import { createScope, isRecord } from './resolve';
import { NAME_ATTRIBUTES } from './resource-names';
import { folderOf, type ParsedFile } from './source-file';
import { TAGGABLE_TYPES } from './taggable-types';

export type TerraformFile = Extract<ParsedFile, { kind: 'terraform' }>;
type ValuesFile = Extract<ParsedFile, { kind: 'values' }>;

/** What may set a variable of a folder beside its default. */
export interface Surroundings {
  /** Files of values anywhere: which of them an operator names is not known. */
  values: readonly ValuesFile[];
  /** Blocks `module` anywhere. */
  modules: readonly TerraformBlock[];
  /** Whether `modules` are all there are; without, every folder may be somebody's module. */
  isWhole: boolean;
}

/**
 * What the files of one folder declare: its resources and its calls of modules.
 *
 * Beside the attributes as the files have them, an attribute `@name` is the name the resource gets (`bucket`,
 * `identifier`, …, or its tag `Name`), and `@taggable` is `tags` or `labels` where its type takes them. Tags that the provider adds by `default_tags`
 * or `default_labels` are among `tags` and `labels`. What a called module makes of its inputs is not known here; a
 * module of the same repository is judged by its own files.
 *
 * @throws TooManyAttributesError
 */
export async function terraformFacts(
  files: readonly TerraformFile[],
  surroundings: Surroundings,
): Promise<ContentResource[]> {
  const blocks = files.flatMap((file) => file.blocks);
  const scope = createScope(literals(files, blocks, surroundings));
  const declared: { block: TerraformBlock; body: Record<string, unknown> }[] = [];
  for (const block of blocks.filter(({ kind }) => kind === 'resource' || kind === 'module')) {
    const body = await scope.resolve(withDynamicBlocks(bodyOf(block.attributes)));
    if (isRecord(body)) declared.push({ block, body });
  }
  const defaults = await defaultTags(blocks, scope);
  const named = declared.map(({ block, body }) => ({ ...block, name: nameOf(body) }));
  const references = declared.map(({ block, body }) => ({ type: block.type, ...textsOf(body) }));
  return declared.map(({ block, body }, index) => {
    const whole = block.kind === 'resource' ? withDefaultTags(block, body, defaults) : body;
    const name = named[index]?.name;
    return {
      language: 'terraform',
      type: block.type,
      name: block.name,
      address: block.address,
      file: block.file,
      line: block.line,
      attributes: {
        ...flatten(whole),
        ...shownName(name, whole),
        ...(block.kind === 'resource' ? taggable(block.type, whole) : {}),
      },
      referencedBy: [
        ...new Set(
          references
            .filter((other, place) => place !== index && refersTo(other, block.address, name))
            .map(({ type }) => type),
        ),
      ].sort(),
    };
  });
}

/** A block's body; Terraform's JSON may write a list of one. */
function bodyOf(attributes: unknown): Record<string, unknown> {
  if (isRecord(attributes)) return attributes;
  if (Array.isArray(attributes) && attributes.length === 1 && isRecord(attributes[0])) return attributes[0];
  return {};
}

/** `dynamic "disk" { content { … } }` says what each `disk` block will hold. */
function withDynamicBlocks(body: Record<string, unknown>): Record<string, unknown> {
  const whole: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(body)) whole[key] = expanded(value);
  const { dynamic } = whole;
  if (!isRecord(dynamic)) return whole;
  for (const [label, blocks] of Object.entries(dynamic)) {
    const contents = listOf(blocks).flatMap((block) => (isRecord(block) ? listOf(block.content) : []));
    whole[label] = [...listOf(whole[label]), ...contents];
  }
  delete whole.dynamic;
  return whole;
}

function expanded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(expanded);
  return isRecord(value) ? withDynamicBlocks(value) : value;
}

function listOf(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

/** Locals, and defaults of variables that nothing else sets. */
function literals(
  files: readonly TerraformFile[],
  blocks: readonly TerraformBlock[],
  { values, modules, isWhole }: Surroundings,
): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const { body } of files)
    for (const locals of listOf(body.locals))
      if (isRecord(locals))
        for (const [name, value] of Object.entries(locals)) found.set(`local.${name}`, value);
  if (!isWhole) return found;
  const [file] = files;
  const callers = modules.filter((module) => isCallOf(module, folderOf(file?.path ?? '.')));
  for (const { kind, name, attributes } of blocks) {
    const { default: value } = bodyOf(attributes);
    if (kind !== 'variable' || value === undefined || value === null) continue;
    const isSet =
      callers.some((caller) => name in bodyOf(caller.attributes)) ||
      values.some(({ body }) => name in body && JSON.stringify(body[name]) !== JSON.stringify(value));
    if (!isSet) found.set(`var.${name}`, value);
  }
  return found;
}

function isCallOf({ file, attributes }: TerraformBlock, folder: string): boolean {
  const { source } = bodyOf(attributes);
  return (
    typeof source === 'string' &&
    /^\.\.?(\/|$)/.test(source) &&
    posix.join(folderOf(file), source).replace(/(.)\/$/, '$1') === folder
  );
}

/** What each provider adds, by `aws` or `aws.alias`. */
async function defaultTags(
  blocks: readonly TerraformBlock[],
  scope: { resolve(value: unknown): Promise<unknown> },
): Promise<Map<string, Record<string, unknown>>> {
  const found = new Map<string, Record<string, unknown>>();
  for (const { kind, name, attributes } of blocks) {
    if (kind !== 'provider') continue;
    const body = await scope.resolve(bodyOf(attributes));
    if (!isRecord(body)) continue;
    const [block] = listOf(body.default_tags);
    const tags = isRecord(block) ? block.tags : undefined;
    const all = { tags, labels: body.default_labels };
    found.set(typeof body.alias === 'string' ? `${name}.${body.alias}` : name, all);
  }
  return found;
}

function withDefaultTags(
  { type }: TerraformBlock,
  body: Record<string, unknown>,
  defaults: ReadonlyMap<string, Record<string, unknown>>,
): Record<string, unknown> {
  const named = typeof body.provider === 'string' ? body.provider.replace(/^\$\{(.*)\}$/, '$1') : null;
  const added = defaults.get(named ?? type.split('_')[0] ?? type);
  if (!added) return body;
  const whole = { ...body };
  for (const key of ['tags', 'labels']) {
    const given = added[key];
    if (!isRecord(given) || !(TAGGABLE_TYPES.has(type) || key in body)) continue;
    const own = body[key] ?? {};
    if (isRecord(own)) whole[key] = { ...given, ...own };
    // Its own tags are computed: which of the provider's they replace cannot be told.
    else whole[key] = Object.fromEntries(Object.keys(given).map((name) => [name, String(own)]));
  }
  return whole;
}

function taggable(type: string, body: Record<string, unknown>): Record<string, string> {
  const key = type.startsWith('google_') ? 'labels' : 'tags';
  const isStated = isRecord(body[key]) || typeof body[key] === 'string';
  return TAGGABLE_TYPES.has(type) || isStated ? { '@taggable': key } : {};
}

function nameOf(body: Record<string, unknown>): string | undefined {
  for (const attribute of NAME_ATTRIBUTES) {
    const value = body[attribute];
    if (typeof value === 'string' && value !== '') return value;
  }
  return undefined;
}

/** The name, or where its type has none the usual tag for one. */
function shownName(name: string | undefined, { tags }: Record<string, unknown>): Record<string, string> {
  const shown = name ?? (isRecord(tags) ? tags.Name : undefined);
  return typeof shown === 'string' && shown !== '' ? { '@name': shown } : {};
}

interface Texts {
  /** Addresses named in expressions. */
  addresses: Set<string>;
  /** Values that stand there as they are. */
  values: Set<string>;
}

function refersTo({ addresses, values }: Texts, address: string, name: string | undefined): boolean {
  return addresses.has(address) || (name !== undefined && values.has(name));
}

/** Attributes in which one resource names another by its plain name. */
const NAMING_ATTRIBUTES = new Set<string>([...NAME_ATTRIBUTES, 'id', 'arn']);

function textsOf(body: Record<string, unknown>): Texts {
  const texts: Texts = { addresses: new Set(), values: new Set() };
  // Ordering is no relation.
  const { depends_on: _ordering, lifecycle: _lifecycle, ...rest } = body;
  collect(rest, texts);
  for (const [key, value] of Object.entries(rest))
    if (NAMING_ATTRIBUTES.has(key) && typeof value === 'string' && !value.includes('${'))
      texts.values.add(value);
  return texts;
}

function collect(value: unknown, texts: Texts): void {
  if (typeof value === 'string') {
    if (!value.includes('${')) return;
    for (const [address] of value.matchAll(/\b[a-z][\w-]*\.[A-Za-z_][\w-]*/g)) texts.addresses.add(address);
  } else if (Array.isArray(value)) for (const element of value) collect(element, texts);
  else if (isRecord(value)) for (const inner of Object.values(value)) collect(inner, texts);
}
