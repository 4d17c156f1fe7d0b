import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createWorkspaces, type Workspaces } from '../../src/sandbox/workspace';
import { createLocalForge } from '../../src/tools/local-forge';
import { type Host, openHost } from './support/host';

let host: Host;
/** Another host, with the artifact store in common and nothing else. */
let there: Workspaces;
beforeAll(() => {
  host = openHost();
  there = workspacesOf('there');
});
afterAll(() => host.close());

function workspacesOf(name: string): Workspaces {
  return createWorkspaces({
    root: join(host.folder, name, 'workspaces'),
    host: name,
    sandbox: host.sandbox,
    openArtifacts: () => host.artifacts,
    forge: createLocalForge({ root: join(host.folder, name, 'forge') }),
  });
}

const git = (folder: string, ...args: string[]) =>
  execFileSync('git', ['-C', folder, '-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
    encoding: 'utf8',
  }).trim();

/** The checkpoint of a workspace as it is now. */
async function checkpointOf(runId: string): Promise<string | null> {
  const { checkpoint } = await host.workspaces.state(runId);
  expect(checkpoint?.isCurrent).toBe(true);
  return checkpoint?.artifact ?? null;
}

async function restored(runId: string, repo: string | null = host.source, checkpoint?: string | null) {
  const artifact = checkpoint === undefined ? await checkpointOf(runId) : checkpoint;
  const state = await there.prepare({ runId, repo, lost: { host: 'here', checkpoint: artifact } });
  return { state, path: await there.path(runId) };
}

test('commits, branches, changed, new, linked and removed files are there again on another host', async () => {
  await host.prepare('whole');
  const path = await host.workspaces.path('whole');
  writeFileSync(join(path, 'committed.tf'), '# one\n');
  git(path, 'add', '.');
  git(path, 'commit', '--quiet', '-m', 'work');
  git(path, 'branch', 'aside');
  writeFileSync(join(path, 'main.tf'), '# changed\n');
  mkdirSync(join(path, 'a folder'));
  writeFileSync(join(path, 'a folder', 'new ü.sh'), '#!/bin/sh\n', { mode: 0o755 });
  symlinkSync('main.tf', join(path, 'link'));
  rmSync(join(path, 'committed.tf'));
  const before = await host.workspaces.state('whole');
  const index = readFileSync(join(path, '.git/index'));
  const { state, path: other } = await restored('whole');
  expect(state).toMatchObject({ tree: before.tree, head: before.head, rebuilding: { kind: 'restored' } });
  expect(git(other, 'status', '--porcelain')).toBe(git(path, 'status', '--porcelain'));
  expect(git(other, 'branch', '--format=%(refname) %(objectname)')).toBe(
    git(path, 'branch', '--format=%(refname) %(objectname)'),
  );
  expect(git(other, 'branch', '--show-current')).toBe('gatehouse/whole');
  // Nothing in the workspace knows of it.
  expect(readFileSync(join(path, '.git/index'))).toEqual(index);
  expect(git(path, 'for-each-ref')).not.toContain('heckpoint');
});

test('a later checkpoint holds only what is new, and a workspace goes on from host to host', async () => {
  await host.prepare('chain');
  const path = await host.workspaces.path('chain');
  const large = Array.from({ length: 40_000 }, (_, index) => `${index * 7919}`).join('\n');
  writeFileSync(join(path, 'large.txt'), large);
  await checkpointOf('chain');
  writeFileSync(join(path, 'small.txt'), 'small\n');
  const artifact = await checkpointOf('chain');
  const { packs } = JSON.parse(Buffer.from(await host.artifacts.get(artifact!)).toString());
  expect(packs).toHaveLength(2);
  const [first, second] = await Promise.all(packs.map((hash: string) => host.artifacts.get(hash)));
  expect(second.byteLength).toBeLessThan(first.byteLength / 20);
  const { path: other } = await restored('chain');
  writeFileSync(join(other, 'third.txt'), 'third\n');
  const { checkpoint } = await there.state('chain');
  const state = await host.workspaces.prepare({
    runId: 'chain',
    repo: host.source,
    lost: { host: 'there', checkpoint: checkpoint?.artifact ?? null },
  });
  expect(state.rebuilding?.kind).toBe('restored');
  // What was here is a copy of before, and not taken for it.
  expect(readFileSync(join(path, 'third.txt'), 'utf8')).toBe('third\n');
  expect(readFileSync(join(path, 'large.txt'), 'utf8')).toBe(large);
});

test('after many checkpoints one holds everything again', async () => {
  await host.prepare('many');
  const path = await host.workspaces.path('many');
  let artifact: string | null = null;
  for (let count = 0; count < 18; count++) {
    writeFileSync(join(path, 'count.txt'), `${count}\n`);
    artifact = await checkpointOf('many');
  }
  const { packs } = JSON.parse(Buffer.from(await host.artifacts.get(artifact!)).toString());
  expect(packs.length).toBeLessThanOrEqual(16);
  const { path: other } = await restored('many');
  expect(readFileSync(join(other, 'count.txt'), 'utf8')).toBe('17\n');
});

test('what git ignores and what is too large is named, since it is not there again', async () => {
  await host.prepare('left');
  const path = await host.workspaces.path('left');
  writeFileSync(join(path, 'state.ignored'), 'x');
  writeFileSync(join(path, 'image.bin'), Buffer.alloc(10_000_000));
  writeFileSync(join(path, 'kept.txt'), 'kept');
  const { state, path: other } = await restored('left');
  expect(state.rebuilding).toEqual({
    kind: 'restored',
    notKept: { ignored: ['state.ignored'], tooLarge: ['image.bin'] },
  });
  expect(existsSync(join(other, 'kept.txt'))).toBe(true);
  expect(existsSync(join(other, 'image.bin'))).toBe(false);
});

test('a workspace without a repository is restored whole', async () => {
  await host.workspaces.prepare({ runId: 'bare', repo: null });
  writeFileSync(join(await host.workspaces.path('bare'), 'notes.md'), 'notes\n');
  const before = await host.workspaces.state('bare');
  const { state, path } = await restored('bare', null);
  expect(state).toMatchObject({ tree: before.tree, head: before.head });
  expect(readFileSync(join(path, 'notes.md'), 'utf8')).toBe('notes\n');
});

test('where nothing was written there is no checkpoint, and the repository is cloned again', async () => {
  const { checkpoint } = await host.prepare('untouched');
  expect(checkpoint).toEqual({ artifact: null, isCurrent: true });
  const { state } = await restored('untouched');
  expect(state.rebuilding).toEqual({ kind: 'cloned', why: 'no-checkpoint' });
});

test('the host that had it last still has it', async () => {
  await host.prepare('kept');
  const path = await host.workspaces.path('kept');
  writeFileSync(join(path, 'state.ignored'), 'still here');
  const lost = { host: 'here', checkpoint: await checkpointOf('kept') };
  const state = await host.workspaces.prepare({ runId: 'kept', repo: host.source, lost });
  expect(state.rebuilding).toEqual({ kind: 'kept' });
  expect(existsSync(join(path, 'state.ignored'))).toBe(true);
});

test('a checkpoint that cannot be read, or whose repository went another way, leaves a clone and the reason', async () => {
  await host.prepare('gone');
  const path = await host.workspaces.path('gone');
  writeFileSync(join(path, 'new.txt'), 'new');
  const artifact = await checkpointOf('gone');
  const other = join(host.folder, 'another-source');
  execFileSync('git', ['init', '--quiet', '--initial-branch=main', other]);
  git(other, 'commit', '--quiet', '--allow-empty', '-m', 'another history');
  const elsewhere = await restored('gone', other, artifact);
  expect(elsewhere.state.rebuilding).toEqual({ kind: 'cloned', why: 'history-gone' });
  expect(existsSync(join(elsewhere.path, '.git'))).toBe(true);
  const forged = await host.artifacts.put('{"refs":[{"name":"refs/heads/../../x"}]}');
  const state = await restored('gone', host.source, forged);
  expect(state.state.rebuilding).toEqual({ kind: 'cloned', why: 'checkpoint-unreadable' });
});

test('a store that is away leaves the workspace as it is, and says that it has no newer checkpoint', async () => {
  let isAway = false;
  const workspaces = createWorkspaces({
    root: join(host.folder, 'away'),
    host: 'away',
    sandbox: host.sandbox,
    forge: host.forge,
    openArtifacts: () => ({
      ...host.artifacts,
      put: (content) => (isAway ? Promise.reject(new Error('away')) : host.artifacts.put(content)),
    }),
  });
  await workspaces.prepare({ runId: 'away', repo: host.source });
  const file = join(await workspaces.path('away'), 'a.txt');
  writeFileSync(file, 'one');
  const { checkpoint } = await workspaces.state('away');
  isAway = true;
  writeFileSync(file, 'two');
  expect((await workspaces.state('away')).checkpoint).toEqual({ ...checkpoint, isCurrent: false });
  isAway = false;
  expect((await workspaces.state('away')).checkpoint?.isCurrent).toBe(true);
});
