import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requireRepository } from '../../src/commands/require-repository';
import { makeRepository } from '../sandbox/support/host';
import { type Attacked, openAttacked } from './support/attempts';

/** What a repository tries, or a model by git's own ways to start programs and to be led elsewhere. */
let attacked: Attacked;
let workspace: string;
/** On the host, where no program of a run can write: made only if something ran outside the sandbox. */
let outside: string;
beforeAll(async () => {
  attacked = await openAttacked();
  workspace = await attacked.host.workspaces.path('run-1');
  outside = join(attacked.host.folder, 'ran-outside');
});
afterEach(() => expect(existsSync(outside)).toBe(false));
afterAll(() => attacked.host.close());

let prepared = 0;
const prepare = (repo: string) => attacked.host.workspaces.prepare({ runId: `cloned-${++prepared}`, repo });

test.each([
  ['a helper that is a command', () => `ext::sh -c touch% ${outside}`],
  ['a descriptor', () => 'fd::0'],
  ['an option', () => `--upload-pack=touch ${outside}`],
  ['an option of ssh', () => `ssh://-oProxyCommand=touch%20${outside}/x`],
  ['an option of ssh, the short way', () => `-oProxyCommand=touch ${outside}@host:x`],
  ['a file of this machine by URL', () => 'file:///etc'],
  ['a link without encryption', () => 'http://127.0.0.1/x.git'],
  ['a folder that is none', () => '/etc/shadow'],
])('a repository that is %s is not cloned', async (_what, repo) => {
  await expect(prepare(repo())).rejects.toMatchObject({
    code: expect.stringMatching(/^repository-(unsupported|missing|unavailable)$/),
  });
});

test('a repository with programs in its settings and hooks is cloned, and none of them runs', async () => {
  const source = join(attacked.host.folder, 'hostile');
  makeRepository(source);
  const evil = join(attacked.host.folder, 'evil.sh');
  writeFileSync(evil, `#!/bin/sh\ntouch ${outside}\ncat\n`, { mode: 0o755 });
  for (const key of [
    'core.fsmonitor',
    'core.sshCommand',
    'core.alternateRefsCommand',
    'core.gitProxy',
    'core.pager',
    'core.editor',
    'uploadpack.packObjectsHook',
    'credential.helper',
    'diff.external',
    'filter.evil.smudge',
    'filter.evil.process',
    'merge.evil.driver',
    'receive.procReceiveRefs',
    'remote.origin.uploadpack',
    'diff.evil.textconv',
    'diff.evil.command',
    'filter.evil.clean',
    'core.hooksPath',
    'core.askPass',
    'gpg.program',
    'sequence.editor',
    'trailer.evil.command',
    'url.ext::sh -c evil .insteadOf',
  ])
    execFileSync('git', ['-C', source, 'config', key, evil]);
  const included = join(attacked.host.folder, 'evil.config');
  writeFileSync(included, `[core]\n\tfsmonitor = ${evil}\n[filter "evil"]\n\tclean = ${evil}\n`);
  for (const key of ['include.path', 'includeIf.gitdir:/.path'])
    execFileSync('git', ['-C', source, 'config', key, included]);
  // Settings of a worktree count where the repository says so.
  execFileSync('git', ['-C', source, 'config', 'extensions.worktreeConfig', 'true']);
  writeFileSync(join(source, '.git/config.worktree'), `[core]\n\tfsmonitor = ${evil}\n\tworktree = /etc\n`);
  for (const hook of ['post-checkout', 'pre-receive', 'post-update', 'reference-transaction', 'fsmonitor']) {
    writeFileSync(join(source, '.git/hooks', hook), `#!/bin/sh\ntouch ${outside}\n`);
    chmodSync(join(source, '.git/hooks', hook), 0o755);
  }
  writeFileSync(join(source, '.git/info/attributes'), '* filter=evil diff=evil merge=evil\n');
  const { tree } = await prepare(source);
  expect(tree).toMatch(/^[0-9a-f]{40}$/);
  const config = readFileSync(
    join(await attacked.host.workspaces.path(`cloned-${prepared}`), '.git/config'),
    'utf8',
  );
  expect(config).not.toContain('evil');
  // Nor does any when the tools look at what was cloned.
  const runId = `cloned-${prepared}`;
  const script = 'echo "* filter=evil diff=evil merge=evil" > .gitattributes; echo more >> main.tf';
  for (const [tool, args] of [
    ['script', { script }],
    ['git-diff', {}],
    ['git-log', { files: true }],
    ['git-commit', { message: 'filtered' }],
  ] as const)
    expect(await attacked.host.execute(tool, args, 'draft', { sub: runId })).toMatchObject({
      outcomes: [{ kind: 'done' }],
    });
});

test('looking at a folder before a run starts runs nothing that its repository names for what it lacks', async () => {
  const source = join(attacked.host.folder, 'partial');
  makeRepository(source);
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', source, ...args], { encoding: 'utf8' }).trim();
  const tree = git('rev-parse', 'HEAD^{tree}');
  for (const [key, value] of [
    ['core.repositoryFormatVersion', '1'],
    ['extensions.partialClone', 'origin'],
    ['remote.origin.promisor', 'true'],
    ['remote.origin.url', attacked.host.source],
    ['remote.origin.uploadpack', `touch ${outside}; false`],
    ['protocol.allow', 'always'],
    ['core.fsmonitor', `touch ${outside}`],
  ])
    git('config', key!, value!);
  rmSync(join(source, '.git/objects', tree.slice(0, 2), tree.slice(2)));
  await expect(requireRepository(source)).rejects.toMatchObject({ code: 'repository-unavailable' });
  await expect(prepare(source)).rejects.toMatchObject({ code: 'repository-unavailable' });
});

describe('a folder that leads to another repository', () => {
  let secret: string;
  let foreign: string;
  const git = (place: string, ...args: string[]) =>
    execFileSync('git', ['-C', place, '-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  const folder = (name: string) => join(attacked.host.folder, name);
  beforeAll(() => {
    secret = folder('secret');
    makeRepository(secret);
    writeFileSync(join(secret, 'private'), 'top secret');
    git(secret, 'add', '.');
    git(secret, 'commit', '--quiet', '-m', 'private');
    foreign = git(secret, 'rev-parse', 'HEAD');
  });

  function made(name: string, change: (path: string) => void): string {
    makeRepository(folder(name));
    change(folder(name));
    return folder(name);
  }
  const replaced = (path: string, put: (path: string) => void) => {
    rmSync(path, { recursive: true });
    put(path);
  };

  test.each<[string, (path: string) => void]>([
    [
      'whose objects are borrowed from it',
      (path) => {
        writeFileSync(join(path, '.git/objects/info/alternates'), `${join(secret, '.git/objects')}\n`);
        git(path, 'update-ref', 'refs/heads/stolen', foreign);
      },
    ],
    [
      'whose `.git` says that it is there',
      (path) =>
        replaced(join(path, '.git'), (place) => writeFileSync(place, `gitdir: ${join(secret, '.git')}\n`)),
    ],
    [
      'whose `.git` is a link to it',
      (path) => replaced(join(path, '.git'), (place) => symlinkSync(join(secret, '.git'), place)),
    ],
    [
      'that is a part of it',
      (path) => writeFileSync(join(path, '.git/commondir'), `${join(secret, '.git')}\n`),
    ],
    [
      'that says it is a worktree of it',
      (path) =>
        replaced(join(path, '.git'), (place) => {
          writeFileSync(place, 'gitdir: ./fake\n');
          mkdirSync(join(path, 'fake'));
          writeFileSync(join(path, 'fake/gitdir'), `${place}\n`);
          writeFileSync(join(path, 'fake/commondir'), `${join(secret, '.git')}\n`);
          writeFileSync(join(path, 'fake/HEAD'), 'ref: refs/heads/main\n');
        }),
    ],
    [
      'whose objects are a link to its own',
      (path) =>
        replaced(join(path, '.git/objects'), (place) => symlinkSync(join(secret, '.git/objects'), place)),
    ],
    [
      'with a link to one of its objects',
      (path) => {
        const object = `objects/${foreign.slice(0, 2)}`;
        mkdirSync(join(path, '.git', object), { recursive: true });
        symlinkSync(
          join(secret, '.git', object, foreign.slice(2)),
          join(path, '.git', object, foreign.slice(2)),
        );
      },
    ],
  ])('%s is not cloned', async (what, change) => {
    const source = made(`leads-${what.replaceAll(/\W/g, '')}`, change);
    await expect(prepare(source)).rejects.toMatchObject({
      code: 'repository-unavailable',
      message: expect.stringContaining('which is not followed; clone it first'),
    });
  });

  test('worktrees and submodules that their repositories know are cloned', async () => {
    const main = made('main', () => {});
    git(main, 'worktree', 'add', '--quiet', folder('linked'));
    git(main, '-c', 'protocol.file.allow=always', 'submodule', 'add', '--quiet', secret, 'sub');
    for (const source of [folder('linked'), join(main, 'sub')])
      expect((await prepare(source)).tree).toMatch(/^[0-9a-f]{40}$/);
  });
});

test('submodules of a hostile repository are not fetched, and lead nowhere', async () => {
  const source = join(attacked.host.folder, 'with-submodules');
  makeRepository(source);
  writeFileSync(
    join(source, '.gitmodules'),
    `[submodule "../../hooks"]\n\tpath = sub\n\turl = ext::sh -c touch% ${outside}\n\tupdate = !touch ${outside}\n[submodule "option"]\n\tpath = -q\n\turl = --upload-pack=touch ${outside}\n`,
  );
  const git = (...args: string[]) => execFileSync('git', ['-C', source, ...args], { encoding: 'utf8' });
  git('update-index', '--add', '--cacheinfo', `160000,${git('rev-parse', 'HEAD').trim()},sub`);
  git('add', '.gitmodules');
  git('-c', 'user.name=t', '-c', 'user.email=t@example.com', 'commit', '--quiet', '-m', 'submodules');
  await prepare(source);
  const runId = `cloned-${prepared}`;
  const script =
    'git submodule update --init --recursive; git -c protocol.ext.allow=never submodule sync; ls sub';
  const { outcomes } = await attacked.host.execute('script', { script }, 'sandbox', { sub: runId });
  expect(outcomes[0]?.text).not.toContain('checked out');
  const commit = await attacked.host.execute('git-commit', { message: 'x' }, 'draft', { sub: runId });
  expect(commit.outcomes[0]).toMatchObject({ kind: 'failed' });
});

test('git inside runs no command that an address names', async () => {
  const text = await attacked.attempt(
    `git clone "ext::sh -c 'touch ran-by-ext'" x; git ls-remote "ext::sh -c 'touch ran-by-ext'"; ls ran-by-ext`,
  );
  expect(text).toMatch(/transport 'ext' not allowed/);
  expect(text).toContain("cannot access 'ran-by-ext'");
});

test.each([
  ['another remote', 'git remote set-url origin "ext::sh -c touch% x"'],
  ['a command for ssh', 'git config core.sshCommand "touch x"'],
  ['an alias', 'git config alias.status "!touch x"'],
  ['a file of settings to include', 'git config include.path /workspace/evil.config'],
  ['one to include in places', 'git config includeIf.gitdir:/.path /workspace/evil.config'],
  ['a filter for its files', 'git config filter.evil.smudge "touch x"'],
  ['a program that makes text of files', 'git config diff.evil.textconv "touch x"'],
  ['a program that knows passwords', 'git config credential.helper "!touch x"'],
  ['settings of a worktree', 'git config --worktree core.fsmonitor "touch x"'],
  ['another folder of settings', 'git worktree add /tmp/other'],
  ['a partial clone that fetches what is missing', 'git config remote.origin.promisor true'],
  ["another repository's objects", 'echo /workspace > .git/objects/info/alternates'],
  ['attributes of its own', 'echo "* filter=evil" > .git/info/attributes'],
  ['a grafted history', 'echo x > .git/info/grafts; git replace --graft HEAD'],
  ['another place for the repository', 'rm -rf .git; echo "gitdir: /tmp/evil" > .git'],
  ['a moved branch', 'echo 0000000000000000000000000000000000000000 > .git/refs/heads/main'],
])('a program cannot give the repository %s', async (_what, script) => {
  const before = readFileSync(join(workspace, '.git/config'), 'utf8');
  const text = await attacked.attempt(script, 'production');
  expect(text).toMatch(/Read-only file system|resource busy|could not lock|unable to create|cannot create/i);
  expect(readFileSync(join(workspace, '.git/config'), 'utf8')).toBe(before);
  for (const gone of ['.git/objects/info/alternates', '.git/info/attributes', '.git/info/grafts'])
    expect(existsSync(join(workspace, gone))).toBe(false);
});

test('a nested repository with a remote of its own runs and fetches nothing when git looks at it', async () => {
  await attacked.attempt(
    `git init -q nested && printf '[core]\\n\\trepositoryformatversion = 1\\n\\tsshCommand = touch /workspace/ran-nested\\n\\tfsmonitor = touch /workspace/ran-nested\\n[extensions]\\n\\tpartialClone = origin\\n[remote "origin"]\\n\\tpromisor = true\\n\\turl = ext::touch /workspace/ran-nested\\n' > nested/.git/config; echo n > nested/file; mkdir other; echo "gitdir: ../nested/.git" > other/.git; echo o > other/file`,
    'draft',
  );
  for (const [tool, args] of [
    ['git-diff', {}],
    ['git-log', { files: true }],
    ['list-files', { path: 'nested' }],
    ['read-file', { path: 'nested/file' }],
    ['git-commit', { message: 'nested' }],
  ] as const)
    await attacked.call(tool, args);
  await attacked.host.workspaces.state('run-1');
  expect(existsSync(join(workspace, 'ran-nested'))).toBe(false);
});

test.each([
  ['git-log', { ref: '--output=/workspace/injected' }],
  ['git-log', { ref: 'HEAD..--output=/workspace/injected' }],
  ['git-diff', { base: '--no-index', head: '/etc/passwd' }],
  ['git-diff', { base: '-O/etc/passwd' }],
  ['git-diff', { base: 'HEAD', head: '--ext-diff' }],
  ['git-push', { branch: '--receive-pack=touch injected' }],
  ['git-push', { branch: '+main' }],
  ['git-push', { branch: 'x:main' }],
  ['git-push', { branch: 'refs/heads/main' }],
  ['git-push', { branch: 'MAIN/../main' }],
  ['git-push', { branch: 'main\u200b' }],
  ['git-push', { branch: 'mаin' }],
  ['create-pr', { title: 'x', base: '--force' }],
])('%s with %j is refused by its letters', async (tool, args) => {
  const { kind, text } = await attacked.call(tool, args);
  expect(kind).toBe('failed');
  expect(text).not.toContain('root:');
  expect(existsSync(join(workspace, 'injected'))).toBe(false);
});

test('a protected branch is not pushed, though the grant says so', async () => {
  const forge = attacked.host.workspaces.forgePath('run-1')!;
  const head = () => execFileSync('git', ['-C', forge, 'rev-parse', 'main'], { encoding: 'utf8' });
  const before = head();
  await attacked.call('write-file', { path: 'pushed.txt', content: 'x' });
  await attacked.call('git-commit', { message: '--amend --no-edit\n\nCo-authored-by: root' });
  const { kind, text } = await attacked.call('git-push', { branch: 'main' });
  expect(kind).toBe('failed');
  expect(text).toContain('protected');
  await attacked.attempt(`git push ${forge} HEAD:main; git push origin HEAD:main`, 'production', {
    reachesForge: true,
  });
  expect(head()).toBe(before);
});

test('a hook that was put on the forge does not run at a push', async () => {
  const forge = attacked.host.workspaces.forgePath('run-1')!;
  const text = await attacked.attempt(
    `mkdir -p ${forge}/hooks; printf '#!/bin/sh\\ntouch /workspace/ran-hook\\n' > ${forge}/hooks/pre-receive; git -C ${forge} config core.hooksPath /workspace; git -C ${forge} config receive.fsckObjects false`,
    'draft',
    { reachesForge: true },
  );
  expect(text).toMatch(/Read-only file system|nonexistent|could not lock/);
  expect(await attacked.call('git-push', {})).toMatchObject({ kind: 'done' });
  expect(existsSync(join(workspace, 'ran-hook'))).toBe(false);
});
