import { constants } from 'node:fs';
import { lstat, open, readFile, realpath, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LRUCache } from 'lru-cache';
import type { ArtifactStore } from '../artifacts/artifact-store';
import type { ContentFile, ContentIndex } from '../domain/content';
import { GatehouseError } from '../domain/errors';
import { sha256 } from '../domain/hashing';
import { isSecretPath } from '../shell/secret-paths';
import type { OsSandbox } from './os-sandbox';
import type { RunFolder } from './run-folder';
import type { SecretFinder } from './secret-finder';
import { runState, STATE_FOLDER, unreadable } from './workspace-state';

/** Endings of the files that content rules look at. */
const ENDINGS = [
  '.tf',
  '.tf.json',
  '.tofu',
  '.tofu.json',
  '.tfvars',
  '.tfvars.json',
  '.yaml',
  '.yml',
] as const;

/** Most files that are kept; past them the content is not known, and rules about it refuse. */
const MAX_FILES = 5_000;
/** Larger files are not kept, since nothing would parse them. */
const MAX_FILE_BYTES = 1024 * 1024;
const MAX_TOTAL_BYTES = 64 * 1024 * 1024;
const PUT_AT_ONCE = 256;

type Artifacts = Pick<ArtifactStore, 'put'>;

/** Keeps the files that content rules look at as artifacts, each content once. */
export interface ContentKeeper {
  /**
   * Keeps what is new since the last time.
   *
   * @param finder looks for the run's credentials: of a file with one it is kept that it has one
   * @returns sha-256 of the {@link ContentIndex}
   * @throws GatehouseError `workspace-unreadable`, `content-too-large`, `content-holds-credential`,
   * `artifact-store-unavailable`
   */
  keep(
    folder: RunFolder,
    artifacts: Artifacts,
    finder: SecretFinder | null,
    signal?: AbortSignal,
  ): Promise<string>;
}

export function createContentKeeper({ sandbox }: { sandbox: OsSandbox }): ContentKeeper {
  /** Artifacts of git's blobs, by run and object id: what one run put is not another's. */
  const kept = new LRUCache<string, string>({ max: 50_000 });
  const known = (folder: RunFolder, oid: string) => kept.get(`${folder.path} ${oid}`);

  async function listed(folder: RunFolder, signal?: AbortSignal): Promise<Listing> {
    const base = await readFile(folder.base, 'utf8').catch(() => '');
    const result = await runState(sandbox, folder, LIST, [base], signal);
    if (result.exitCode !== 0 || result.truncated) throw unreadable(result.stderr);
    return listingOf(result.stdout);
  }

  /** The blobs that are not kept yet, by object id. */
  async function freshBlobs(
    folder: RunFolder,
    entries: readonly Entry[],
    signal?: AbortSignal,
  ): Promise<Map<string, Buffer>> {
    const wanted = new Set(
      entries.filter((entry) => problemOf(entry) === null && !known(folder, entry.oid)).map(({ oid }) => oid),
    );
    if (wanted.size === 0) return new Map();
    const result = await runState(sandbox, folder, READ, [], signal, `${[...wanted].join('\n')}\n`);
    if (result.exitCode !== 0) throw unreadable(result.stderr);
    const path = join(folder.state, 'batch');
    const bytes = await readFile(path);
    await rm(path, { force: true });
    return new Map([...blobsIn(bytes)].map(({ oid, content }) => [oid, content]));
  }

  return {
    async keep(folder, artifacts, finder, signal) {
      const { base, head, tree } = await listed(folder, signal);
      requireFew(base, head, tree);
      const blobs = await freshBlobs(folder, [...base, ...head], signal);
      // Named first and put together: what is small goes to the store in one go.
      const putting = new Map<string, Buffer>();
      const name = (content: Buffer): string => {
        const hash = sha256(content);
        putting.set(hash, content);
        return hash;
      };
      // Of a file with a credential it is kept that it has one.
      const nameUnlessSecret = (content: Buffer) => (finder?.isIn(content) ? null : name(content));
      const named = new Map([...blobs].map(([oid, content]) => [oid, nameUnlessSecret(content)]));
      const artifactOf = (oid: string) => known(folder, oid) ?? named.get(oid);
      const committed = (entries: readonly Entry[]) =>
        entries.map((entry) => committedFile(entry, artifactOf(entry.oid)));
      const list = (files: ContentFile[]) => {
        const text = Buffer.from(JSON.stringify(files));
        if (finder?.isIn(text))
          throw new GatehouseError(
            'content-holds-credential',
            'a name of a file holds a credential of this run',
          );
        return name(text);
      };
      const index: ContentIndex = {
        base: list(committed(base)),
        tree: list(await presentFiles(folder, tree, artifactOf, nameUnlessSecret)),
        head: list(committed(head)),
      };
      const hash = name(Buffer.from(JSON.stringify(index)));
      await putAll([...putting.values()], artifacts);
      for (const [oid, artifact] of named) if (artifact) kept.set(`${folder.path} ${oid}`, artifact);
      return hash;
    },
  };
}

async function putAll(contents: readonly Buffer[], artifacts: Artifacts): Promise<void> {
  for (let start = 0; start < contents.length; start += PUT_AT_ONCE)
    await Promise.all(contents.slice(start, start + PUT_AT_ONCE).map((content) => artifacts.put(content)));
}

/** @param artifact null where the content holds a credential */
function committedFile(entry: Entry, artifact: string | null | undefined): ContentFile {
  const problem = problemOf(entry);
  if (problem !== null) return { path: entry.path, artifact: null, problem };
  if (artifact === undefined) throw unreadable(`no blob ${entry.oid}`);
  return contentFile(entry.path, artifact);
}

function contentFile(path: string, artifact: string | null): ContentFile {
  return artifact === null ? { path, artifact, problem: HOLDS_CREDENTIAL } : { path, artifact };
}

async function presentFiles(
  folder: RunFolder,
  entries: readonly Entry[],
  artifactOf: (oid: string) => string | null | undefined,
  name: (content: Buffer) => string | null,
): Promise<ContentFile[]> {
  const root = await realpath(folder.workspace);
  const files: ContentFile[] = [];
  for (const entry of entries) {
    const { path } = entry;
    const problem = problemOf(entry);
    const artifact = artifactOf(entry.oid);
    if (problem !== null) files.push({ path, artifact: null, problem });
    else if (artifact !== undefined) files.push(contentFile(path, artifact));
    else files.push(await readPresent(root, path, name));
  }
  return files;
}

interface Entry {
  mode: string;
  oid: string;
  /** Null in the index, which does not say. */
  bytes: number | null;
  path: string;
}

interface Listing {
  base: Entry[];
  head: Entry[];
  tree: Entry[];
}

const PATTERN = `(${ENDINGS.map((ending) => ending.replaceAll('.', '[.]')).join('|')})$`;

// A line with the name of each list precedes it. grep ends with 1 where nothing matches.
const LIST = `set -eu
pick() { grep -z -i -E '${PATTERN}' || [ $? -eq 1 ]; }
printf 'base\\0'
if [ -n "$1" ]; then git ls-tree -r -l -z "$1" > /tmp/base; pick < /tmp/base; fi
printf 'head\\0'
git ls-tree -r -l -z HEAD > /tmp/head
pick < /tmp/head
printf 'tree\\0'
git ls-files -s -z > /tmp/tree
pick < /tmp/tree`;

const READ = `set -eu
git cat-file --batch > ${STATE_FOLDER}/batch`;

/** `mode blob oid size TAB path` of a commit, `mode oid stage TAB path` of the index. Files of keys stay out. */
function listingOf(output: string): Listing {
  const listing: Listing = { base: [], head: [], tree: [] };
  let list: Entry[] = [];
  for (const line of output.split('\0')) {
    const tab = line.indexOf('\t');
    if (tab < 0) {
      list = listing[line as keyof Listing] ?? list;
      continue;
    }
    const path = line.slice(tab + 1);
    if (isSecretPath(path)) continue;
    const [mode = '', ...fields] = line.slice(0, tab).split(/ +/);
    const [oid = ''] = fields.length === 3 ? fields.slice(1) : fields;
    list.push({ mode, oid, bytes: fields.length === 3 ? Number(fields[2]) : null, path });
  }
  return listing;
}

function problemOf({ mode, bytes }: Entry): string | null {
  if (mode === '120000') return 'is a link, and what it leads to is not judged; write a file instead';
  if (!mode.startsWith('100')) return 'is no file';
  return bytes !== null && bytes > MAX_FILE_BYTES ? TOO_LARGE : null;
}

const TOO_LARGE = `is larger than ${MAX_FILE_BYTES} bytes, more than is judged`;

const HOLDS_CREDENTIAL = 'holds a credential of this run; take it out';

function requireFew(...lists: readonly (readonly Entry[])[]): void {
  for (const list of lists)
    if (
      list.length > MAX_FILES ||
      list.reduce((sum, entry) => sum + Math.min(entry.bytes ?? 0, MAX_FILE_BYTES), 0) > MAX_TOTAL_BYTES
    )
      throw new GatehouseError(
        'content-too-large',
        `the workspace holds more Terraform and YAML files than are judged (${MAX_FILES}, ${MAX_TOTAL_BYTES} bytes)`,
      );
}

/** `oid SP blob SP size LF bytes LF`, one after the other. */
function* blobsIn(bytes: Buffer): Generator<{ oid: string; content: Buffer }> {
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(0x0a, start);
    const [oid = '', kind, size] = bytes.toString('latin1', start, end).split(' ');
    const length = Number(size);
    if (end < 0 || kind !== 'blob' || !Number.isSafeInteger(length)) throw unreadable('not a blob');
    yield { oid, content: bytes.subarray(end + 1, end + 1 + length) };
    start = end + 1 + length + 1;
  }
}

/** Nothing of the run is alive while this reads, and a path through a link is not followed. */
async function readPresent(
  root: string,
  path: string,
  name: (content: Buffer) => string | null,
): Promise<ContentFile> {
  const full = join(root, path);
  const found = await lstat(full).catch(() => null);
  const folder = await realpath(dirname(full)).catch(() => null);
  if (!found?.isFile() || folder !== dirname(full))
    return { path, artifact: null, problem: 'cannot be read in the workspace' };
  if (found.size > MAX_FILE_BYTES) return { path, artifact: null, problem: TOO_LARGE };
  const file = await open(full, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    return contentFile(path, name(await file.readFile()));
  } finally {
    await file.close();
  }
}
