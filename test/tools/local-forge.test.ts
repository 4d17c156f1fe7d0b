import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '../../src/domain/hashing';
import { createLocalForge, type LocalForge } from '../../src/tools/local-forge';
import { commitFiles, gitIn, initRepository } from '../support/git-repository';

let root: string;
let source: string;
let forge: LocalForge;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gatehouse-forge-'));
  source = join(root, 'source');
  initRepository(source, { 'main.tf': 'a\n', 'other.tf': 'o\n' });
  forge = createLocalForge({ root: join(root, 'forge') });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** Pushes a branch from a fresh clone, as a run does. */
function push(runId: string, branch: string, files: Record<string, string>): void {
  const clone = mkdtempSync(join(root, 'clone-'));
  const { path } = forge.repositoryOf(runId);
  gitIn(clone, 'clone', '--quiet', path, '.');
  gitIn(clone, 'checkout', '--quiet', '-b', branch);
  commitFiles(clone, `change of ${branch}`, files);
  gitIn(clone, 'push', '--quiet', 'origin', branch);
}
const request = (head: string) => ({ title: `T ${head}`, body: 'b', head, base: 'main', reviewers: ['ann'] });

test('keeps a bare copy of a source by its key, and never writes to the source', async () => {
  const before = gitIn(source, 'for-each-ref') + readdirSync(source).join();
  const repository = await forge.ensure('run1', source);
  expect(repository).toEqual({
    key: sha256(source).slice(0, 16),
    source,
    path: join(root, 'forge', sha256(source).slice(0, 16), 'repo.git'),
  });
  expect(forge.remoteUrl('run1')).toBe(repository.path);
  expect(await forge.defaultBranch('run1')).toBe('main');
  push('run1', 'gatehouse/run1', { 'main.tf': 'b\n' });
  expect(gitIn(source, 'for-each-ref') + readdirSync(source).join()).toBe(before);
});

test('knows after a restart which run works on which repository, and no others', async () => {
  await forge.ensure('run1', source);
  const again = createLocalForge({ root: join(root, 'forge') });
  expect(again.repositoryOf('run1').source).toBe(source);
  for (const id of ['run2', '../run1', '']) expect(() => again.remoteUrl(id)).toThrow('run');
});

test('follows the source where nothing is lost, and keeps what was merged here', async () => {
  const { key, path } = await forge.ensure('run1', source);
  commitFiles(source, 'newer', { 'new.tf': 'n\n' });
  await forge.ensure('run2', source);
  expect(gitIn(path, 'rev-parse', 'main')).toBe(gitIn(source, 'rev-parse', 'main'));
  push('run2', 'gatehouse/run2', { 'main.tf': 'b\n' });
  await forge.createPullRequest('run2', request('gatehouse/run2'));
  const { merged } = await forge.merge(key, 1);
  commitFiles(source, 'other way', { 'new.tf': 'm\n' });
  await forge.ensure('run3', source);
  expect(gitIn(path, 'rev-parse', 'main')).toBe(merged?.result);
});

test('says what is wrong with a source that is missing, no repository or empty', async () => {
  mkdirSync(join(root, 'plain'));
  mkdirSync(join(root, 'empty'));
  gitIn(join(root, 'empty'), 'init', '--quiet');
  await expect(forge.ensure('r', join(root, 'no'))).rejects.toMatchObject({ code: 'repository-unavailable' });
  await expect(forge.ensure('r', join(root, 'plain'))).rejects.toThrow('cannot be read');
  await expect(forge.ensure('r', join(root, 'empty'))).rejects.toThrow('has no commit yet');
  expect(() => forge.repositoryOf('r')).toThrow('knows no repository');
});

test('two runs that ask for the same source at once get the same copy', async () => {
  const copies = await Promise.all(['a', 'b', 'c'].map((id) => forge.ensure(id, source)));
  expect(new Set(copies.map(({ path }) => path)).size).toBe(1);
  expect(readdirSync(join(root, 'forge', copies[0]!.key))).toEqual(['repo.git']);
});

describe('pull requests', () => {
  let key: string;

  beforeEach(async () => {
    key = (await forge.ensure('run1', source)).key;
    push('run1', 'one', { 'main.tf': 'b\n' });
  });

  test('are made, found by head, listed and shown with their diff', async () => {
    expect(await forge.findPullRequest('run1', 'one')).toBeNull();
    const made = await forge.createPullRequest('run1', request('one'));
    expect(made).toMatchObject({ ...request('one'), number: 1, state: 'open' });
    expect(existsSync(new URL(made.url))).toBe(true);
    expect(await forge.findPullRequest('run1', 'one')).toEqual(made);
    expect(await forge.list(key)).toEqual([made]);
    const shown = await forge.show(key, 1);
    expect(shown.isMergeable).toBe(true);
    expect(shown.diff).toContain('-a\n+b');
    await expect(forge.show(key, 2)).rejects.toMatchObject({ code: 'pull-request-unknown' });
  });

  test('need both branches and a commit between them', async () => {
    await expect(forge.createPullRequest('run1', request('no'))).rejects.toThrow(
      'has no branch `no`; push it first',
    );
    await expect(forge.createPullRequest('run1', { ...request('one'), base: 'x' })).rejects.toMatchObject({
      code: 'branch-unknown',
    });
    await expect(forge.createPullRequest('run1', request('main'))).rejects.toMatchObject({
      code: 'pull-request-empty',
    });
  });

  test('get different numbers when made at once, and only one is made of a branch', async () => {
    const heads = ['one', 'two', 'three', 'four'];
    for (const head of heads.slice(1)) push('run1', head, { [`${head}.tf`]: 'x\n' });
    const outcomes = await Promise.allSettled(
      [...heads, ...heads].map((head) => forge.createPullRequest('run1', request(head))),
    );
    const made = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []));
    expect(made.map(({ head }) => head).sort()).toEqual([...heads].sort());
    expect(new Set(made.map(({ number }) => number)).size).toBe(4);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected')
        expect(outcome.reason).toMatchObject({ code: 'pull-request-exists' });
    expect(readdirSync(join(root, 'forge', key, 'pulls')).every((name) => /^\d+\.json$/.test(name))).toBe(
      true,
    );
  });

  test('merge by moving the base forward, or by a merge commit', async () => {
    push('run1', 'two', { 'other.tf': 'p\n' });
    await forge.createPullRequest('run1', request('one'));
    await forge.createPullRequest('run1', request('two'));
    const { path } = forge.repositoryOf('run1');
    expect((await forge.merge(key, 1)).merged?.result).toBe(gitIn(path, 'rev-parse', 'one'));
    expect((await forge.merge(key, 2)).state).toBe('merged');
    expect(gitIn(path, 'show', 'main:main.tf', 'main:other.tf')).toBe('b\np');
    expect(gitIn(path, 'log', '-1', '--format=%s', 'main')).toBe('Merge pull request #2 from two');
    expect((await forge.show(key, 1)).diff).toContain('-a\n+b');
    expect(JSON.parse(readFileSync(join(root, 'forge', key, 'pulls', '1.json'), 'utf8')).state).toBe(
      'merged',
    );
    await expect(forge.merge(key, 1)).rejects.toThrow('pull request #1 is merged');
  });

  test('that conflict do not merge and change nothing', async () => {
    push('run1', 'two', { 'main.tf': 'c\n' });
    await forge.createPullRequest('run1', request('one'));
    await forge.createPullRequest('run1', request('two'));
    await forge.merge(key, 1);
    const before = gitIn(forge.repositoryOf('run1').path, 'rev-parse', 'main');
    expect((await forge.show(key, 2)).isMergeable).toBe(false);
    await expect(forge.merge(key, 2)).rejects.toThrow('conflicts in `main.tf`');
    expect(gitIn(forge.repositoryOf('run1').path, 'rev-parse', 'main')).toBe(before);
    expect((await forge.show(key, 2)).state).toBe('open');
  });
});
