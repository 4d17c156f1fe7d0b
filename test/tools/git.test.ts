import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gitDiff, gitLog } from '../../src/tools/git-read';
import { gitCommit, gitPush } from '../../src/tools/git-write';
import { createLocalForge, type LocalForge } from '../../src/tools/local-forge';
import { applyPatch } from '../../src/tools/patch';
import { createPr } from '../../src/tools/pull-request';
import { commitFiles, gitIn, initRepository } from '../support/git-repository';
import { type ToolWorkspace, toolWorkspace } from '../support/tool-workspace';

const branch = 'gatehouse/run1';
let root: string;
let source: string;
let forge: LocalForge;
let workspace: ToolWorkspace;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'gatehouse-forge-'));
  source = join(root, 'source');
  initRepository(source, { 'main.tf': 'a\nb\nc\n', '.env': 'TOKEN=1\n' });
  forge = createLocalForge({ root: join(root, 'forge') });
  const { path } = await forge.ensure('run1', source);
  workspace = toolWorkspace({ forge, bare: path });
  gitIn(workspace.folder, 'clone', '--quiet', path, '.');
  gitIn(workspace.folder, 'checkout', '--quiet', '-b', branch);
});
afterEach(() => {
  workspace.remove();
  rmSync(root, { recursive: true, force: true });
});

const write = (path: string, content: string) => writeFileSync(join(workspace.folder, path), content);

describe('git-diff and git-log', () => {
  test('show what changed, name new files, and keep what key files say to themselves', async () => {
    write('main.tf', 'a\nB\nc\n');
    write('.env', 'TOKEN=2\n');
    write('new.tf', '');
    const { text } = await workspace.call(gitDiff, {});
    expect(text).toContain('-b\n+B');
    expect(text).toContain('New files, not yet added:\nnew.tf');
    expect(text).toContain('Changed, not shown (keys or protected): .env');
    expect(text).not.toContain('TOKEN');
  });

  test('compare two commits and list them', async () => {
    commitFiles(workspace.folder, 'second', { 'main.tf': 'z\n' });
    expect((await workspace.call(gitDiff, { base: 'main', head: branch })).text).toContain('+z');
    expect((await workspace.call(gitDiff, { base: 'HEAD~1', stat: true })).text).toContain('main.tf | 4');
    const log = await workspace.call(gitLog, { files: true, limit: 1 });
    expect(log.text).toMatch(/^[0-9a-f]{7,} \d{4}-.* Test: second\nM\tmain.tf$/);
  });

  test('run no program that the repository names', async () => {
    // Without a sandbox, so that only git's own switches are in the way.
    const plain = toolWorkspace({ exec: 'plain' });
    gitIn(plain.folder, 'clone', '--quiet', forge.repositoryOf('run1').path, '.');
    const pwned = join(root, 'pwned');
    const script = join(root, 'evil.sh');
    writeFileSync(script, `#!/bin/sh\ntouch ${pwned}\n`);
    chmodSync(script, 0o755);
    for (const key of [
      'diff.external',
      'core.fsmonitor',
      'core.pager',
      'diff.evil.textconv',
      'diff.evil.command',
    ])
      gitIn(plain.folder, 'config', key, script);
    writeFileSync(join(plain.folder, '.gitattributes'), '* diff=evil\n');
    writeFileSync(join(plain.folder, 'main.tf'), 'changed\n');
    await plain.call(gitDiff, {});
    await plain.call(gitLog, { files: true });
    expect(existsSync(pwned)).toBe(false);
    plain.remove();
  });
});

describe('git-commit', () => {
  test('commits everything or the given paths, names the call, and runs no hook', async () => {
    const hook = join(workspace.folder, '.git/hooks/pre-commit');
    writeFileSync(hook, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    write('main.tf', 'x\n');
    write('other.tf', 'y\n');
    const done = await workspace.call(gitCommit, { message: 'change x', paths: ['main.tf'] });
    expect(done).toMatchObject({ ok: true });
    expect(done.text).toContain('change x');
    expect(gitIn(workspace.folder, 'status', '--porcelain')).toBe('?? other.tf');
    expect(gitIn(workspace.folder, 'log', '-1', '--format=%an%n%B')).toBe(
      'Gatehouse agent\nchange x\n\nGatehouse-Call: run1/call1',
    );
    expect((await workspace.call(gitCommit, { message: 'rest' })).ok).toBe(true);
    expect(await workspace.call(gitCommit, { message: 'none' })).toMatchObject({
      ok: false,
      text: expect.stringContaining('nothing to commit'),
    });
  });

  test('a submodule that was not cloned is no obstacle', async () => {
    const head = gitIn(workspace.folder, 'rev-parse', 'HEAD');
    gitIn(workspace.folder, 'update-index', '--add', '--cacheinfo', `160000,${head},vendored`);
    gitIn(workspace.folder, 'commit', '--quiet', '--message=submodule');
    mkdirSync(join(workspace.folder, 'vendored'));
    write('main.tf', 'x\n');
    expect(await workspace.call(gitCommit, { message: 'change x' })).toMatchObject({ ok: true });
    expect(gitIn(workspace.folder, 'show', '--name-only', '--format=')).toBe('main.tf');
  });

  test('only what writes .git asks for it', async () => {
    write('main.tf', 'x\n');
    await workspace.call(gitCommit, { message: 'change' });
    const writing = workspace.commands
      .filter(({ writesGit }) => writesGit)
      .map(({ argv }) => argv.find((word) => ['add', 'commit'].includes(word)));
    expect(writing).toEqual(['add', 'commit']);
  });

  test('a broken-off commit is found by its call, and one that was not made may run again', async () => {
    write('main.tf', 'x\n');
    writeFileSync(join(workspace.folder, '.git/index.lock'), '');
    const args = { message: 'change' };
    expect(await gitCommit.reconcile!(args, workspace.context)).toEqual({ kind: 'not-started' });
    expect((await workspace.call(gitCommit, args)).ok).toBe(true);
    expect(await gitCommit.reconcile!(args, workspace.context)).toMatchObject({ kind: 'finished' });
    expect(await gitCommit.reconcile!(args, { ...workspace.context, callId: 'call2' })).toEqual({
      kind: 'not-started',
    });
  });
});

describe('apply-patch', () => {
  const patch = '--- a/main.tf\n+++ b/main.tf\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n';

  test('applies a patch whole, makes and deletes files', async () => {
    expect(await workspace.call(applyPatch, { patch })).toMatchObject({ ok: true, text: 'patched main.tf' });
    const rest =
      'diff --git a/n.tf b/n.tf\nnew file mode 100644\n--- /dev/null\n+++ b/n.tf\n@@ -0,0 +1 @@\n+n\ndiff --git a/.env b/.env\ndeleted file mode 100644\n--- a/.env\n+++ /dev/null\n@@ -1 +0,0 @@\n-TOKEN=1\n';
    expect(await workspace.call(applyPatch, { patch: rest })).toMatchObject({ ok: true });
    expect(gitIn(workspace.folder, 'status', '--porcelain')).toBe(' D .env\n M main.tf\n?? n.tf');
  });

  test('a patch of which one part does not apply changes nothing', async () => {
    const half = `${patch}--- a/.env\n+++ b/.env\n@@ -1 +1 @@\n-OTHER\n+x\n`;
    expect(await workspace.call(applyPatch, { patch: half })).toMatchObject({
      ok: false,
      text: expect.stringContaining('does not apply'),
    });
    expect(gitIn(workspace.folder, 'status', '--porcelain')).toBe('');
  });

  test('a patch through a link that leads out changes nothing', async () => {
    gitIn(workspace.folder, 'config', 'core.symlinks', 'true');
    const { symlinkSync } = await import('node:fs');
    writeFileSync(join(workspace.folder, '../outside.txt'), 'a\n');
    symlinkSync('..', join(workspace.folder, 'up'));
    const through = '--- a/up/outside.txt\n+++ b/up/outside.txt\n@@ -1 +1 @@\n-a\n+x\n';
    expect((await workspace.call(applyPatch, { patch: through })).ok).toBe(false);
  });

  test('its end is found by comparing the tree', async () => {
    expect(await applyPatch.reconcile!({ patch }, workspace.context)).toEqual({ kind: 'not-started' });
    await workspace.call(applyPatch, { patch });
    expect(await applyPatch.reconcile!({ patch }, workspace.context)).toMatchObject({ kind: 'finished' });
    write('main.tf', 'neither\n');
    expect(await applyPatch.reconcile!({ patch }, workspace.context)).toEqual({ kind: 'unknown' });
  });
});

describe('git-push and create-pr', () => {
  const headOf = (name: string) => gitIn(forge.repositoryOf('run1').path, 'rev-parse', `refs/heads/${name}`);

  test('push the run’s own branch and open one pull request for it', async () => {
    write('main.tf', 'x\n');
    await workspace.call(gitCommit, { message: 'change' });
    expect(await gitPush.reconcile!({ force: false }, workspace.context)).toEqual({ kind: 'not-started' });
    expect((await workspace.call(gitPush, {})).text).toMatch(/^pushed [0-9a-f]+ to `gatehouse\/run1`$/);
    expect(headOf(branch)).toBe(gitIn(workspace.folder, 'rev-parse', 'HEAD'));
    expect((await workspace.call(gitPush, {})).text).toContain('up to date');
    expect(await gitPush.reconcile!({ force: false }, workspace.context)).toMatchObject({ kind: 'finished' });

    const args = { title: 'Change x', body: 'because' };
    expect(await createPr.reconcile!(createPr.parameters.parse(args), workspace.context)).toEqual({
      kind: 'not-started',
    });
    expect((await workspace.call(createPr, args)).text).toContain(
      'pull request #1 is open: Change x\ngatehouse/run1 -> main',
    );
    expect((await workspace.call(createPr, args)).text).toContain('pull request #1 is open already');
    expect(await createPr.reconcile!(createPr.parameters.parse(args), workspace.context)).toMatchObject({
      kind: 'finished',
    });
  });

  test('what of a push is not in the workspace any more is unknown to its probe', async () => {
    const { path } = forge.repositoryOf('run1');
    write('main.tf', 'x\n');
    await workspace.call(gitCommit, { message: 'change' });
    await workspace.call(gitPush, {});
    gitIn(workspace.folder, 'commit', '--quiet', '--allow-empty', '-m', 'more');
    expect(await gitPush.reconcile!({ force: false }, workspace.context)).toEqual({ kind: 'not-started' });
    const lost = gitIn(
      path,
      '-c',
      'user.name=t',
      '-c',
      'user.email=t@example.com',
      'commit-tree',
      '-m',
      'lost',
      `${branch}^{tree}`,
    );
    gitIn(path, 'update-ref', `refs/heads/${branch}`, lost);
    expect(await gitPush.reconcile!({ force: false }, workspace.context)).toEqual({ kind: 'unknown' });
  });

  test('a push to a protected branch or the remote’s HEAD does not run even where nobody judged it', async () => {
    gitIn(forge.repositoryOf('run1').path, 'branch', 'develop', 'main');
    gitIn(forge.repositoryOf('run1').path, 'symbolic-ref', 'HEAD', 'refs/heads/develop');
    const before = headOf('develop');
    commitFiles(workspace.folder, 'more', { 'x.tf': '' });
    for (const target of ['main', 'MAIN', 'release/1', 'develop'])
      expect(await workspace.call(gitPush, { branch: target, force: true })).toMatchObject({
        ok: false,
        text: expect.stringContaining('is protected'),
      });
    expect([headOf('main'), headOf('develop')]).toEqual([before, before]);
  });

  test('a push that is no fast-forward is refused with git’s reason, and forced only when asked', async () => {
    commitFiles(workspace.folder, 'one', { 'x.tf': '1' });
    await workspace.call(gitPush, {});
    gitIn(workspace.folder, 'reset', '--quiet', '--hard', 'main');
    commitFiles(workspace.folder, 'two', { 'x.tf': '2' });
    const refused = await workspace.call(gitPush, {});
    expect(refused.text).toContain('rejected');
    expect(refused.text).not.toContain(root);
    expect((await workspace.call(gitPush, { force: true })).ok).toBe(true);
    expect(headOf(branch)).toBe(gitIn(workspace.folder, 'rev-parse', 'HEAD'));
  });
});
