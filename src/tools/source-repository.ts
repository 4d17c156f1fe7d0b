import { lstat, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { GatehouseError } from '../domain/errors';
import { visibleText } from '../domain/visible-text';

/**
 * Refuses a folder that brings another repository's content along: its `.git`, its objects or their parts lie elsewhere.
 * git follows all of these, and whoever made the folder would choose what of this machine a run gets to see. A worktree
 * and a submodule lie elsewhere too, and the repository there knows them.
 *
 * @param source a folder, with or without `.git`
 * @throws GatehouseError `repository-unavailable`
 */
export async function requireOwnContent(source: string): Promise<void> {
  const repository = await repositoryOf(source);
  // Not a repository at all, as git says in its own words.
  if (repository === null) return;
  const objects = join(repository, 'objects');
  if (await exists(join(objects, 'info/alternates')))
    throw elsewhere(source, 'borrows objects from another one');
  if (await hasLinks(objects)) throw elsewhere(source, 'has links among its objects');
}

/** The folder that holds objects and branches. */
async function repositoryOf(source: string): Promise<string | null> {
  const place = join(source, '.git');
  const found = await lstat(place).catch(() => null);
  if (found === null) return bare(source);
  if (found.isDirectory()) return bare(place);
  if (!found.isFile()) throw elsewhere(source, 'has a `.git` that is a link');
  const named = /^gitdir: (.*?)\n*$/s.exec(await readFile(place, 'utf8'))?.[1];
  if (named === undefined) return null;
  const folder = await realpath(resolve(source, named)).catch(() => null);
  if (folder === null) return null;
  if (await exists(join(folder, 'commondir'))) return ofWorktree(source, place, folder);
  if (!(await knowsSubmodule(folder, source)))
    throw elsewhere(source, 'is a folder of a repository that does not know it');
  return folder;
}

async function bare(folder: string): Promise<string> {
  if (await exists(join(folder, 'commondir'))) throw elsewhere(folder, 'is only a part of another one');
  return folder;
}

/** A worktree's folder lies in that of its repository, and names the worktree's own `.git`. */
async function ofWorktree(source: string, place: string, folder: string): Promise<string> {
  const text = async (file: string) => (await readFile(join(folder, file), 'utf8').catch(() => '')).trim();
  const common = await realpath(resolve(folder, await text('commondir'))).catch(() => null);
  const back = await realpath(resolve(folder, await text('gitdir'))).catch(() => null);
  const isKnown =
    common !== null && folder.startsWith(`${common}/worktrees/`) && back === (await realpath(place));
  if (!isKnown) throw elsewhere(source, 'is a worktree of a repository that does not know it');
  return common;
}

async function knowsSubmodule(folder: string, source: string): Promise<boolean> {
  const config = await readFile(join(folder, 'config'), 'utf8').catch(() => '');
  const named = /^\s*worktree\s*=\s*(.*?)\s*$/m.exec(config)?.[1];
  if (named === undefined) return false;
  return (await realpath(resolve(folder, named)).catch(() => null)) === (await realpath(source));
}

async function hasLinks(folder: string): Promise<boolean> {
  const found = await lstat(folder).catch(() => null);
  if (!found?.isDirectory()) return found !== null;
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries.some((entry) => entry.isSymbolicLink());
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}

function elsewhere(source: string, why: string): GatehouseError {
  return new GatehouseError(
    'repository-unavailable',
    `the repository \`${visibleText(source, 200)}\` ${why}, which is not followed; clone it first, and name the clone`,
  );
}
