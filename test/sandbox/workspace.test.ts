import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createWorkspaces } from '../../src/sandbox/workspace';
import { type Host, openHost } from './support/host';

let host: Host;
beforeAll(() => {
  host = openHost();
});
afterAll(() => host.close());

const git = (folder: string, ...args: string[]) =>
  execFileSync('git', ['-C', folder, ...args], { encoding: 'utf8' }).trim();

test('a workspace is a clone on the branch of the run, and its tree is that of its commit', async () => {
  const state = await host.prepare('clone');
  const path = await host.workspaces.path('clone');
  expect(git(path, 'branch', '--show-current')).toBe('gatehouse/clone');
  expect(state).toMatchObject({
    tree: git(host.source, 'rev-parse', 'HEAD^{tree}'),
    head: git(host.source, 'rev-parse', 'HEAD'),
  });
  expect(git(path, 'remote', 'get-url', 'origin')).toBe(host.workspaces.forgePath('clone'));
});

test('prepared again, it is the workspace that is there', async () => {
  await host.prepare('again');
  const path = await host.workspaces.path('again');
  writeFileSync(join(path, 'work'), 'in progress');
  const state = await host.prepare('again');
  expect(readFileSync(join(path, 'work'), 'utf8')).toBe('in progress');
  expect(state.tree).not.toBe(git(host.source, 'rev-parse', 'HEAD^{tree}'));
});

test('a preparation that was killed in its middle is made whole', async () => {
  const partial = join(host.folder, 'workspaces', 'killed', 'repo.partial');
  mkdirSync(join(partial, '.git'), { recursive: true });
  writeFileSync(join(partial, 'half'), '');
  await host.prepare('killed');
  expect(readdirSync(await host.workspaces.path('killed')).sort()).toEqual(['.git', '.gitignore', 'main.tf']);
});

test('an index torn by a crash is made anew', async () => {
  const before = await host.prepare('torn');
  writeFileSync(join(host.folder, 'workspaces', 'torn', 'state', 'index'), 'DIRC nonsense');
  utimesSync(join(await host.workspaces.path('torn'), 'main.tf'), 0, 0);
  expect(await host.workspaces.state('torn')).toEqual(before);
});

test('without a repository the workspace is empty, with a commit to start from', async () => {
  const state = await host.workspaces.prepare({ runId: 'empty', repo: null });
  expect(state.tree).toBe('4b825dc642cb6eb9a060e54bf8d69288fbee4904');
  expect(host.workspaces.forgePath('empty')).toBeNull();
});

test('the source is not written, and its own hooks and settings are not taken over', async () => {
  const source = join(host.folder, 'wicked');
  execFileSync('git', ['clone', '--quiet', host.source, source]);
  writeFileSync(join(source, '.git/hooks/post-checkout'), '#!/bin/sh\ntouch ran\n', { mode: 0o755 });
  git(source, 'config', 'core.fsmonitor', 'touch /tmp/ran');
  const before = execFileSync('find', [source, '-printf', '%p %T@ %i\n'], { encoding: 'utf8' });
  await host.workspaces.prepare({ runId: 'wicked', repo: source });
  expect(execFileSync('find', [source, '-printf', '%p %T@ %i\n'], { encoding: 'utf8' })).toBe(before);
  const path = await host.workspaces.path('wicked');
  expect(readdirSync(join(path, '.git/hooks'))).toEqual([]);
  expect(readFileSync(join(path, '.git/config'), 'utf8')).not.toContain('fsmonitor');
});

test.each([
  ['repository-missing', '/no/such/repository'],
  ['repository-unsupported', 'ext::sh -c "touch /tmp/x"'],
  ['repository-unsupported', 'git@example.com:a/b.git'],
  ['repository-unsupported', 'file:///etc'],
])('%s: %s', async (code, repo) => {
  await expect(host.workspaces.prepare({ runId: 'bad', repo })).rejects.toMatchObject({ code });
  await expect(host.workspaces.path('bad')).rejects.toMatchObject({ code: 'workspace-missing' });
});

test('a folder that is no repository is refused, without a path in its words but the one that was given', async () => {
  const folder = join(host.folder, 'plain');
  mkdirSync(folder);
  const attempt = host.workspaces.prepare({ runId: 'plain', repo: folder });
  await expect(attempt).rejects.toMatchObject({ code: 'repository-unavailable' });
});

test('with a forge elsewhere the source itself is cloned', async () => {
  const workspaces = createWorkspaces({
    root: join(host.folder, 'elsewhere'),
    host: 'here',
    sandbox: host.sandbox,
    openArtifacts: () => host.artifacts,
    forge: {
      ...host.forge,
      ensure: undefined,
      repositoryOf: undefined,
      remoteUrl: () => 'https://example.com/a.git',
    },
  });
  await workspaces.prepare({ runId: 'direct', repo: host.source });
  const path = await workspaces.path('direct');
  expect(git(path, 'remote', 'get-url', 'origin')).toBe('https://example.com/a.git');
  expect(workspaces.forgePath('direct')).toBeNull();
});

test.each(['../up', '', 'a/b', '.hidden', 'x'.repeat(300)])('the run id %j is refused', async (runId) => {
  await expect(host.workspaces.prepare({ runId, repo: null })).rejects.toMatchObject({
    code: 'run-id-malformed',
  });
});

test('ignored files are no part of the tree, tracked ones and those of nested repositories are', async () => {
  const { tree } = await host.prepare('files');
  const path = await host.workspaces.path('files');
  writeFileSync(join(path, 'state.ignored'), 'x');
  expect((await host.workspaces.state('files')).tree).toBe(tree);
  execFileSync('git', ['init', '--quiet', join(path, 'nested')]);
  writeFileSync(join(path, 'nested/file'), 'one');
  const nested = await host.workspaces.state('files');
  writeFileSync(join(path, 'nested/file'), 'two');
  const changed = await host.workspaces.state('files');
  expect(nested.tree).not.toBe(tree);
  expect(changed.tree).not.toBe(nested.tree);
});

test('a folder that became a link, and a link that became a folder, are told apart', async () => {
  const { tree } = await host.prepare('links');
  const first = await host.execute('script', { script: 'mkdir d && echo x > d/f && ln -s d l' }, 'draft', {
    sub: 'links',
  });
  const second = await host.execute(
    'script',
    { script: 'rm -r d l && ln -s . d && mkdir l && echo y > l/f' },
    'draft',
    { sub: 'links' },
  );
  expect(second.workspace.tree).not.toBe(first.workspace.tree);
  await host.execute('script', { script: 'rm -r d l' }, 'draft', { sub: 'links' });
  expect((await host.workspaces.state('links')).tree).toBe(tree);
});

test.each([
  [
    'other content of the same length and time',
    'cp -p main.tf /tmp/m && echo y > main.tf && touch -r /tmp/m main.tf',
  ],
  ['another mode', 'chmod 755 main.tf'],
  ['a new file', 'echo x > new'],
  ['a name', 'mv main.tf other.tf'],
])('%s is another tree', async (_what, script) => {
  const runId = `changes-${script.length}`;
  const before = await host.prepare(runId);
  const path = await host.workspaces.path(runId);
  writeFileSync(join(path, 'main.tf'), 'x\n');
  const known = await host.workspaces.state(runId);
  expect(known.tree).not.toBe(before.tree);
  expect(await host.workspaces.state(runId)).toEqual(known);
  execFileSync('sh', ['-c', script], { cwd: path });
  expect((await host.workspaces.state(runId)).tree).not.toBe(known.tree);
});

test('a commit is another head', async () => {
  const before = await host.prepare('commit');
  const path = await host.workspaces.path('commit');
  git(
    path,
    '-c',
    'user.name=a',
    '-c',
    'user.email=a@example.invalid',
    'commit',
    '--allow-empty',
    '-qm',
    'more',
  );
  const after = await host.workspaces.state('commit');
  expect(after).toMatchObject({ tree: before.tree, head: git(path, 'rev-parse', 'HEAD') });
  expect(after.head).not.toBe(before.head);
});
