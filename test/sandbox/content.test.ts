import { execFileSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createContentKeeper } from '../../src/sandbox/content';
import { runFolder } from '../../src/sandbox/run-folder';
import { createWorkspaces } from '../../src/sandbox/workspace';
import { type Host, openHost } from './support/host';

let host: Host;
beforeAll(() => {
  host = openHost();
});
afterAll(() => host.close());

const git = (folder: string, ...args: string[]) =>
  execFileSync('git', ['-C', folder, '-c', 'user.name=t', '-c', 'user.email=t@t', ...args]);
const textOf = async (artifact: string | null | undefined) =>
  Buffer.from(await host.artifacts.get(artifact ?? '')).toString();

async function opened(runId: string) {
  await host.prepare(runId);
  const path = await host.workspaces.path(runId);
  return {
    path,
    async content() {
      host.workspaces.willWrite(runId);
      const { content } = await host.workspaces.state(runId);
      return host.content(content);
    },
  };
}

test('what the run found, what lies there and what is committed are three lists', async () => {
  const { path, content } = await opened('three');
  const before = await content();
  expect(before.tree).toEqual(before.base);
  expect(before.head).toEqual(before.base);
  writeFileSync(join(path, 'main.tf'), '# committed\n');
  git(path, 'commit', '--quiet', '--all', '--message=one');
  writeFileSync(join(path, 'main.tf'), '# only written\n');
  const { base, head, tree } = await content();
  expect(base).toEqual(before.base);
  expect(await textOf(head[0]?.artifact)).toBe('# committed\n');
  expect(await textOf(tree[0]?.artifact)).toBe('# only written\n');
});

test('only Terraform, its values and YAML are kept, and no file of keys', async () => {
  const { path, content } = await opened('kinds');
  for (const name of [
    'a.tf.json',
    'b.tfvars',
    'c.yaml',
    'd.YML',
    'e.txt',
    'secrets.yaml',
    'my-secret.tfvars',
  ])
    writeFileSync(join(path, name), '{}');
  expect((await content()).tree.map((file) => file.path)).toEqual([
    'a.tf.json',
    'b.tfvars',
    'c.yaml',
    'd.YML',
    'main.tf',
  ]);
});

test('a link and a huge file are named as what is not judged, committed or not', async () => {
  const { path, content } = await opened('odd');
  symlinkSync('main.tf', join(path, 'link.tf'));
  writeFileSync(join(path, 'huge.tf'), `# ${'x'.repeat(1024 * 1024)}`);
  git(path, 'add', '--all');
  git(path, 'commit', '--quiet', '--message=one');
  const { head, tree } = await content();
  for (const list of [head, tree])
    expect(list).toMatchObject([
      { path: 'huge.tf', artifact: null, problem: expect.stringContaining('larger') },
      { path: 'link.tf', artifact: null, problem: expect.stringContaining('link') },
      { path: 'main.tf', artifact: expect.any(String) },
    ]);
});

test('an empty workspace has three empty lists', async () => {
  const { content } = await host.workspaces.prepare({ runId: 'bare', repo: null });
  expect(await host.content(content)).toEqual({ base: [], tree: [], head: [] });
});

test('the run cannot move what it is compared with', async () => {
  const { path, content } = await opened('moved');
  const { base } = await content();
  writeFileSync(join(path, 'main.tf'), '# mine\n');
  git(path, 'commit', '--quiet', '--all', '--message=one');
  git(path, 'update-ref', 'refs/remotes/origin/main', 'HEAD');
  git(path, 'branch', '--force', 'main', 'HEAD');
  expect((await content()).base).toEqual(base);
});

test('a store that is away leaves the work done and the content unknown', async () => {
  const workspaces = createWorkspaces({
    root: join(host.folder, 'away'),
    host: 'here',
    sandbox: host.sandbox,
    forge: host.forge,
    openArtifacts: () => ({ ...host.artifacts, put: () => Promise.reject(new Error('away')) }),
  });
  const state = await workspaces.prepare({ runId: 'away', repo: host.source });
  expect(state.head).toMatch(/^[0-9a-f]{40}$/);
  expect(state.content).toBeUndefined();
});

test('content that is there already is not read again', async () => {
  await host.prepare('once');
  const run = jest.spyOn(host.sandbox, 'run');
  const keeper = createContentKeeper(host);
  const folder = runFolder(join(host.folder, 'workspaces'), 'once');
  await keeper.keep(folder, host.artifacts, null);
  const first = run.mock.calls.length;
  await keeper.keep(folder, host.artifacts, null);
  expect([first, run.mock.calls.length]).toEqual([2, 3]);
  run.mockRestore();
});
