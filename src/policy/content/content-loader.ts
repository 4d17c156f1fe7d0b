import { LRUCache } from 'lru-cache';
import type { ArtifactStore } from '../../artifacts/artifact-store';
import type { ContentFacts, ContentFile, ContentIndex } from '../../domain/content';
import { publicMessage } from '../../domain/errors';
import { sha256 } from '../../domain/hashing';
import type { Workspace } from '../../domain/steps';
import { isSecretPath } from '../../shell/secret-paths';
import { normalizePath } from '../../tools/paths';
import { changedContent, type DeclaredContent, declaredContent, type JudgedFile } from './content-facts';
import { patchedTexts } from './patched-text';
import { folderOf, kindOfFile } from './source-file';

/** A call that leaves content behind, read. */
export interface ContentCall {
  id: string;
  tool: string;
  args: unknown;
}

/** Most Terraform files of a repository that are all looked at for one call: parsing one takes some milliseconds. */
const MAX_WHOLE = 150;
/** Most files that a run may have changed and be judged. */
const MAX_CHANGED = 1_000;

/** Nothing to judge: nothing of the kind is left behind, or it is judged again when it is. */
export const NO_CONTENT: ContentFacts = { kind: 'loaded', resources: [] };

/** What calls would leave behind, from the workspace's files in the artifact store. */
export interface ContentLoader {
  /**
   * Facts for the calls of a turn, by id: what a write adds to the files as they are, each after those before it in the
   * turn; for a push or a pull request what is committed. Only what differs from where the run began is judged.
   *
   * Never throws: what cannot be had is `unavailable`.
   *
   * @param runId whose workspace it is: only what is the run's is looked at
   */
  load(
    calls: readonly ContentCall[],
    workspace: Workspace | null,
    runId: string,
  ): Promise<ReadonlyMap<string, ContentFacts>>;
}

/** Tells what is a run's: hosts name content, and may name that of others. */
export interface ContentOwnership {
  /** @throws GatehouseError `artifact-missing` */
  require(runId: string, hashes: readonly string[]): Promise<void>;
}

export function createContentLoader({
  artifacts,
  ownership,
}: {
  artifacts: ArtifactStore;
  ownership: ContentOwnership;
}): ContentLoader {
  const texts = new LRUCache<string, string>({
    maxSize: 64 * 1024 * 1024,
    sizeCalculation: (text) => text.length + 1,
  });
  const declared = new LRUCache<string, DeclaredContent>({ max: 200 });

  async function textOf(artifact: string): Promise<string> {
    let text = texts.get(artifact);
    if (text === undefined) {
      text = Buffer.from(await artifacts.get(artifact)).toString('utf8');
      texts.set(artifact, text);
    }
    return text;
  }

  async function filesOf(artifact: string): Promise<Files> {
    const list = JSON.parse(await textOf(artifact)) as ContentFile[];
    return new Map(list.map((file) => [file.path, file]));
  }

  /** What the files of a state declare, as far as the changed ones need it. */
  async function declaredBy(
    files: Files,
    changed: ReadonlySet<string>,
    runId: string,
  ): Promise<DeclaredContent> {
    const { chosen, isWhole } = chooseFiles(files, changed);
    await ownership.require(
      runId,
      chosen.flatMap(({ artifact }) => artifact ?? []),
    );
    const key = sha256(JSON.stringify([isWhole, chosen]));
    let content = declared.get(key);
    if (!content) {
      content = await declaredContent(await Promise.all(chosen.map(judgedFile)), { isWhole });
      declared.set(key, content);
    }
    return content;
  }

  async function judgedFile(file: File): Promise<JudgedFile> {
    if (file.text !== undefined) return { path: file.path, text: file.text };
    if (file.artifact === null) return { path: file.path, problem: file.problem ?? 'is not to be had' };
    return { path: file.path, text: await textOf(file.artifact) };
  }

  async function factsBetween(
    runId: string,
    after: Files,
    ...before: readonly Files[]
  ): Promise<ContentFacts> {
    const changed = new Set(before.flatMap((files) => pathsThatDiffer(files, after)));
    if (changed.size === 0) return NO_CONTENT;
    if (changed.size > MAX_CHANGED)
      return {
        kind: 'unavailable',
        problem: `the run changes more than ${MAX_CHANGED} Terraform and YAML files; do it in several runs`,
      };
    const known: DeclaredContent[] = [];
    for (const files of before) known.push(await declaredBy(files, changed, runId));
    return changedContent(await declaredBy(after, changed, runId), ...known);
  }

  /** The files once a call has written; null when it writes none that matter, or cannot be followed. */
  async function written(call: ContentCall, files: Files, runId: string): Promise<Files | null> {
    const changes = await writtenTexts(call, async (path) => {
      const file = files.get(path);
      if (!file) return null;
      await ownership.require(runId, file.artifact === null ? [] : [file.artifact]);
      const known = await judgedFile(file);
      return 'text' in known ? known.text : null;
    });
    if (!changes) return null;
    const after = new Map(files);
    for (const [path, text] of changes)
      if (kindOfFile(path) !== null && !isSecretPath(path)) {
        if (text === null) after.delete(path);
        else after.set(path, { path, artifact: null, text });
      }
    return after;
  }

  return {
    async load(calls, workspace, runId) {
      const facts = new Map<string, ContentFacts>();
      if (workspace === null) return new Map(calls.map(({ id }) => [id, NO_CONTENT]));
      try {
        if (workspace.content === undefined) throw new Error('no content');
        await ownership.require(runId, [workspace.content]);
        const index = JSON.parse(await textOf(workspace.content)) as ContentIndex;
        await ownership.require(runId, [index.base, index.tree, index.head]);
        const base = await filesOf(index.base);
        let files = await filesOf(index.tree);
        for (const call of calls) {
          if (!isWrite(call)) {
            facts.set(call.id, await factsBetween(runId, await filesOf(index.head), base));
            continue;
          }
          const after = await written(call, files, runId);
          // A patch that cannot be followed does not apply; should git think otherwise, the push is judged.
          facts.set(call.id, after ? await factsBetween(runId, after, files, base) : NO_CONTENT);
          files = after ?? files;
        }
      } catch (error) {
        const problem = `the files of the workspace cannot be looked at (${publicMessage(error)}); a call that writes, such as \`validate\`, has them kept again`;
        for (const { id } of calls) if (!facts.has(id)) facts.set(id, { kind: 'unavailable', problem });
      }
      return facts;
    },
  };
}

/**
 * Facts from a call's arguments alone, where there is no workspace (`policy eval`): all that a written file declares.
 * What a push would publish cannot be known there, as other facts about a run are not.
 */
export async function contentOfArguments(call: Omit<ContentCall, 'id'>): Promise<ContentFacts> {
  if (!isWrite(call)) return NO_CONTENT;
  let missing: string | null = null;
  const changes = await writtenTexts(call, async (path) => {
    if (kindOfFile(path) !== null) missing ??= path;
    return null;
  });
  if (missing !== null)
    return {
      kind: 'unavailable',
      problem: `what the patch makes of \`${missing}\` cannot be known without the file it changes`,
    };
  const files = [...(changes ?? [])].flatMap(([path, text]) =>
    text === null || isSecretPath(path) ? [] : [{ path, text }],
  );
  const nothing = { resources: [], problems: new Map() };
  return changedContent(await declaredContent(files, { isWhole: true }), nothing);
}

type File = ContentFile & { text?: string };
type Files = ReadonlyMap<string, File>;

function isWrite({ tool }: Pick<ContentCall, 'tool'>): boolean {
  return tool === 'write-file' || tool === 'apply-patch';
}

async function writtenTexts(
  { tool, args }: Omit<ContentCall, 'id'>,
  read: (path: string) => Promise<string | null>,
): Promise<ReadonlyMap<string, string | null> | null> {
  const { path, content, patch } = args as { path: string; content: string; patch: string };
  if (tool === 'apply-patch') return patchedTexts(patch, read);
  return new Map([[normalizePath(path) ?? path, content]]);
}

/** All Terraform where there is little of it; else that of the folders that changed. YAML stands for itself. */
function chooseFiles(
  files: Files,
  changed: ReadonlySet<string>,
): { chosen: readonly File[]; isWhole: boolean } {
  const all = [...files.values()];
  const isWhole = all.filter(({ path }) => kindOfFile(path) === 'terraform').length <= MAX_WHOLE;
  const folders = new Set([...changed].map(folderOf));
  const chosen = all.filter(({ path }) =>
    kindOfFile(path) === 'kubernetes' ? changed.has(path) : isWhole || folders.has(folderOf(path)),
  );
  return { chosen, isWhole };
}

function pathsThatDiffer(before: Files, after: Files): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => {
    const [one, other] = [before.get(path), after.get(path)];
    return one?.artifact !== other?.artifact || one?.problem !== other?.problem || one?.text !== other?.text;
  });
}
