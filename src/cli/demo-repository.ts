import { execFile } from 'node:child_process';
import { cp, mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GatehouseError } from '../domain/errors';

const EXAMPLE = join(__dirname, '../../examples/repositories/shop-infrastructure');

/**
 * The example's infrastructure as a git repository of its own, made on first use.
 *
 * @param folder of the demo, in the data folder
 * @returns path of the repository
 */
export async function exampleRepository(folder: string): Promise<string> {
  const repository = join(folder, 'shop-infrastructure');
  if (await isFolder(join(repository, '.git'))) return repository;
  const draft = `${repository}.new`;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const each of [draft, repository]) await rm(each, { recursive: true, force: true });
  await cp(EXAMPLE, draft, { recursive: true });
  await git(draft, 'init', '--quiet', '--initial-branch=main');
  await git(draft, 'add', '--all');
  await git(draft, 'commit', '--quiet', '--message=The shop as it stands');
  // Renamed when whole, so that a kill in the middle leaves no half repository.
  await rename(draft, repository);
  return repository;
}

async function git(folder: string, ...args: string[]): Promise<void> {
  const identity = ['-c', 'user.name=Shop team', '-c', 'user.email=shop@example.invalid'];
  try {
    await promisify(execFile)('git', [...identity, '-c', 'commit.gpgsign=false', ...args], { cwd: folder });
  } catch (cause) {
    throw new GatehouseError('demo-repository-failed', 'the example repository could not be made with git', {
      cause,
    });
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() ?? false;
}
