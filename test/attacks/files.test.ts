import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { canonicalJson } from '../../src/domain/canonical-json';
import { type Attacked, openAttacked } from './support/attempts';

/** What hostile files, paths and names try: to be led out of the workspace, or to lead us. */
let attacked: Attacked;
let workspace: string;
let secret: string;
beforeAll(async () => {
  attacked = await openAttacked();
  workspace = await attacked.host.workspaces.path('run-1');
  secret = await attacked.host.secretFile('key', 'top secret');
});
afterAll(() => attacked.host.close());

test('a hard link to a file of the system or of another run cannot be made', async () => {
  const other = await attacked.host.workspaces.path('run-2');
  const text = await attacked.attempt(
    `for f in /etc/passwd /usr/bin/env ${secret} ${other}/main.tf; do ln $f stolen || echo refused; done; ls stolen`,
  );
  expect(text.match(/refused/g)).toHaveLength(4);
  expect(text).toContain("cannot access 'stolen'");
});

test('a link that is swapped while others read through it gives nothing of the host', async () => {
  const { host } = attacked;
  await attacked.attempt('mkdir -p inner && echo harmless > inner/key && ln -s inner swapped', 'draft');
  const swapping = host.execute(
    'script',
    {
      script: `end=$(( $(date +%s) + 2 )); while [ $(date +%s) -lt $end ]; do ln -sfn ${join(secret, '..')} swapped; ln -sfn inner swapped; rm swapped; mkdir -p swapped; echo harmless > swapped/key; rm -r swapped; ln -s inner swapped; done`,
      timeoutMs: 20_000,
    },
    'draft',
  );
  const texts: string[] = [];
  let isOver = false;
  const done = swapping.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    const call = {
      id: `race-${texts.length}`,
      tool: 'read-file',
      args: canonicalJson({ path: 'swapped/key' }),
    };
    const grant = await host.grant([{ ...call, effect: 'read' }], { aud: 'channel' });
    const [outcome] = await host.executor.read(
      { grant, calls: [call], audience: 'channel', presenter: host.runner.thumbprint },
      new AbortController().signal,
    );
    texts.push(outcome!.text);
  }
  await done;
  expect(texts.length).toBeGreaterThan(5);
  expect(texts.join('\n')).not.toContain('top secret');
});

test('links that are swapped while files are written, committed and kept lead nothing out and nothing in', async () => {
  const { host } = attacked;
  await host.prepare('run-4');
  const outside = join(secret, '..');
  const script = `end=$(( $(date +%s) + 3 )); i=0; while [ $(date +%s) -lt $end ]; do i=$((i+1)); rm -rf d f.tf; mkdir d; echo "# $i" > f.tf; echo "# $i" > d/key.tf; rm -rf d f.tf; ln -s ${outside} d; ln -s ${secret} f.tf; done`;
  let isOver = false;
  // Past the executor, where one call of a run waits for the other: as a program that got out of its call would.
  const swapping = host.sandbox
    .run(
      { argv: ['sh', '-c', script], timeoutMs: 30_000 },
      { effect: 'draft', workspace: await host.workspaces.path('run-4') },
    )
    .finally(() => {
      isOver = true;
    });
  const made: string[] = [];
  for (let turn = 1; !isOver; turn++) {
    for (const [tool, args] of [
      ['write-file', { path: 'd/key.tf', content: `# written ${turn}` }],
      ['write-file', { path: 'f.tf', content: `# written ${turn}` }],
      ['git-commit', { message: `turn ${turn}` }],
    ] as const) {
      const { workspace: state } = await host
        .execute(tool, args, 'draft', { sub: 'run-4' })
        .catch(({ code }) => ({ workspace: { content: undefined, code } }));
      if (state.content) made.push(state.content);
    }
  }
  await swapping;
  expect(made.length).toBeGreaterThan(2);
  expect(readFileSync(secret, 'utf8')).toBe('top secret');
  expect(existsSync(join(outside, 'key.tf'))).toBe(false);
  for (const content of new Set(made))
    for (const { artifact } of (await host.content(content)).tree)
      if (artifact)
        expect(Buffer.from(await host.artifacts.get(artifact)).toString()).not.toContain('secret');
  const tree = execFileSync('git', ['-C', await host.workspaces.path('run-4'), 'log', '-p', '--all'], {
    encoding: 'utf8',
  });
  expect(tree).not.toContain('top secret');
  expect(
    (await host.execute('script', { script: 'echo on' }, 'draft', { sub: 'run-4' })).outcomes[0],
  ).toMatchObject({
    text: 'on\n',
  });
}, 60_000);

test('where the journal finds no room, nothing starts, and it does once there is some', async () => {
  const { host, attempt } = attacked;
  await attempt('true');
  const journal = join(host.journalFolder, 'run-1.jsonl');
  renameSync(journal, `${journal}.kept`);
  // Every write to it ends as on a full disk.
  symlinkSync('/dev/full', journal);
  const write = () => host.execute('write-file', { path: 'unrecorded', content: 'x' }, 'draft');
  await expect(write()).rejects.toThrow();
  expect(existsSync(join(workspace, 'unrecorded'))).toBe(false);
  renameSync(`${journal}.kept`, journal);
  expect((await write()).outcomes[0]).toMatchObject({ kind: 'done' });
});

test.each([
  ['up and out', '../../../etc/passwd'],
  ['up and out from below', 'inner/../../run-2/main.tf'],
  ['from the root', '/etc/passwd'],
  ['a process', '/proc/self/environ'],
  ["git's own", '.git/config'],
  ["git's own, roundabout", './/./.git//config'],
  ["git's own of a nested repository", 'inner/.git/hooks/pre-commit'],
  ['cut short by a NUL', 'main.tf\0/../../key'],
  ['over two lines', 'main.tf\n../../key'],
  ['full-width dots', '．．/．．/key'],
  ['a slash that only looks like one', '..∕..∕secrets∕key'],
  ['percent signs', '%2e%2e/%2e%2e/secrets/key'],
  ['a home', '~root/.ssh/id_rsa'],
  ['longer than a path may be', `${'x/'.repeat(3_000)}key`],
])('a path that is %s reads nothing out of the workspace', async (_what, path) => {
  for (const tool of ['read-file', 'list-files', 'search-files']) {
    const args = tool === 'search-files' ? { path, pattern: '.' } : { path };
    const { kind, text } = await attacked.call(tool, args, 'read');
    expect(kind).toBe('failed');
    expect(text).not.toMatch(/top secret|root:|PATH=|repositoryformatversion/);
  }
});

test.each([
  '-rf',
  '--help',
  '--output=evil',
  '$(touch evil)',
  '`touch evil`',
  ';touch evil',
  '*',
])('a file named %s is a name and nothing else', async (name) => {
  for (const [tool, args] of [
    ['write-file', { path: name, content: 'kept' }],
    ['read-file', { path: name }],
    ['search-files', { path: name, pattern: 'kept' }],
    ['git-commit', { paths: [name], message: name }],
    ['git-log', { path: name }],
    ['git-diff', { path: name }],
  ] as const)
    await attacked.call(tool, args);
  expect(readFileSync(join(workspace, name), 'utf8')).toBe('kept');
  expect(existsSync(join(workspace, 'evil'))).toBe(false);
  expect(existsSync(join(workspace, 'main.tf'))).toBe(true);
});

test('a search starts no program, whatever its pattern, its glob or a file of settings say', async () => {
  await attacked.attempt(
    `printf '#!/bin/sh\\ntouch /workspace/ran\\n' > evil.sh; chmod +x evil.sh; printf -- '--pre=/workspace/evil.sh\\n' > .ripgreprc; printf -- '--pre=/workspace/evil.sh\\n' > ~/.ripgreprc`,
    'draft',
  );
  for (const args of [
    { pattern: '--pre=/workspace/evil.sh' },
    { pattern: 'x', glob: '--pre=/workspace/evil.sh' },
    { pattern: 'x', glob: '*\n--pre=/workspace/evil.sh' },
  ])
    await attacked.call('search-files', args);
  expect(existsSync(join(workspace, 'ran'))).toBe(false);
});

test.each([
  ['a path upwards', '--- a/../../stolen\n+++ b/../../stolen\n@@ -0,0 +1 @@\n+x\n'],
  ['a path of the system', '--- /dev/null\n+++ /etc/stolen\n@@ -0,0 +1 @@\n+x\n'],
  ["git's hooks", '--- /dev/null\n+++ b/.git/hooks/pre-commit\n@@ -0,0 +1 @@\n+touch ran\n'],
  [
    "git's configuration by renaming",
    'diff --git a/.git/config b/stolen\nsimilarity index 100%\nrename from .git/config\nrename to stolen\n',
  ],
  [
    'a link, and a file through it',
    `diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+/tmp\n\\ No newline at end of file\ndiff --git a/l/stolen b/l/stolen\nnew file mode 100644\n--- /dev/null\n+++ b/l/stolen\n@@ -0,0 +1 @@\n+x\n`,
  ],
  [
    'another path than its header says',
    'diff --git a/ok b/ok\n--- a/ok\n+++ b/.git/config\n@@ -0,0 +1 @@\n+[core] fsmonitor = touch ran\n',
  ],
])('a patch of %s does not apply', async (_what, patch) => {
  const config = readFileSync(join(workspace, '.git/config'), 'utf8');
  const { kind } = await attacked.call('apply-patch', { patch });
  expect(kind).toBe('failed');
  for (const gone of ['stolen', '../stolen', '../../stolen', '.git/hooks/pre-commit', 'ran'])
    expect(existsSync(join(workspace, gone))).toBe(false);
  expect(readFileSync(join(workspace, '.git/config'), 'utf8')).toBe(config);
});

test('nothing is left lying for the next call or another run: files, shared memory, queues', async () => {
  const leave = `for d in /tmp ~ /dev/shm; do echo secret > $d/left; done; perl -e 'defined shmget(4242, 100, 0x200 | 0666) and print "made"'`;
  expect(await attacked.attempt(leave)).toContain('made');
  const look = `cat /tmp/left ~/left /dev/shm/left; perl -e 'print defined shmget(4242, 100, 0666) ? "secret" : "none"'`;
  expect(await attacked.attempt(look)).not.toContain('secret');
  const other = await attacked.host.execute('script', { script: look }, 'sandbox', { sub: 'run-2' });
  expect(other.outcomes[0]?.text).not.toContain('secret');
});

test('a socket of the host without a path is out of reach', async () => {
  const name = `\0gatehouse-attack-${process.pid}`;
  const server = createServer((socket) => socket.end('top secret'));
  await new Promise<void>((resolve) => server.listen({ path: name }, resolve));
  try {
    const text = await attacked.attempt(
      `perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); connect(S, pack("S a*", AF_UNIX, "\\0gatehouse-attack-${process.pid}")) ? print <S> : print "no: $!"'`,
      'production',
    );
    expect(text).toMatch(/^no: Connection refused/);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

test('the root of another process leads to the same small world', async () => {
  const text = await attacked.attempt(
    `for p in /proc/1/root /proc/self/root /proc/1/cwd/../.. /proc/self/root/../..; do cat $p${secret}; ls -d $p/root; done`,
    'production',
  );
  expect(text).not.toContain('top secret');
  expect(text.match(/No such file/g)).toHaveLength(8);
});

test("the sandbox host's journal cannot be read, watched or written", async () => {
  const { journalFolder } = attacked.host;
  // inotify_init1 and inotify_add_watch.
  const [begin, watch] = process.arch === 'arm64' ? [26, 27] : [294, 254];
  const line = '{"state":"finished"}';
  const text = await attacked.attempt(
    `ls ${journalFolder}; perl -e 'my $p = "${journalFolder}"; print "watch ", syscall(${watch}, syscall(${begin}, 0), $p, 0xfff), " $!\\n"'; echo '${line}' >> ${journalFolder}/run-1.jsonl`,
    'production',
  );
  expect(text).not.toContain('run-1.jsonl\n');
  expect(text).toContain('watch -1 No such file');
  expect(readFileSync(join(journalFolder, 'run-1.jsonl'), 'utf8')).not.toContain(`\n${line}\n`);
});

test('scratch space that is filled is full, and empty again', async () => {
  const text = await attacked.attempt(
    'head -c 600000000 /dev/zero > /tmp/a; head -c 80000000 /dev/zero > ~/a; head -c 80000000 /dev/zero > /dev/shm/a',
    'draft',
  );
  expect(text.match(/No space left on device/g)).toHaveLength(3);
  expect(await attacked.attempt('echo x > /tmp/a && echo empty again')).toContain('empty again');
});

test('one file in the workspace meets its limit', async () => {
  const text = await attacked.attempt('truncate -s 2G huge; truncate -s 1T huge; ls -s huge; rm -f huge');
  expect(text).toMatch(/File size limit exceeded|File too large/i);
});

test('pipes, sockets and loops of links in the workspace hold nothing up', async () => {
  const text = await attacked.attempt(
    `mkfifo pipe main2.tf; ln -s a b; ln -s b a; ln -s . self.tf; perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); bind(S, pack("S a*", AF_UNIX, "sock"))'; ls -l pipe sock`,
    'draft',
  );
  expect(text).toMatch(/prw[\s\S]*srwx/);
  for (const path of ['pipe', 'a', 'sock', 'self.tf/self.tf/main.tf'])
    expect(await attacked.call('read-file', { path }, 'read')).toMatchObject({ kind: 'failed' });
  expect((await attacked.host.workspaces.state('run-1')).tree).toMatch(/^[0-9a-f]{40}$/);
});

test('what the host put beside a workspace is not reached by a link made there before', async () => {
  // As a hostile clone would have it, before any program ran.
  symlinkSync('../state', join(workspace, 'beside'));
  const text = await attacked.attempt('ls beside/; echo x > beside/index', 'draft');
  expect(text).toMatch(/No such file[\s\S]*(nonexistent|No such file)/);
});

test('folders nested deeper than a path can be long stop no run, fill no failure and are removed', async () => {
  const { host } = attacked;
  await host.prepare('run-3');
  const script = `perl -e 'for (1 .. 500) { mkdir "dddddddddd" and chdir "dddddddddd" or die } for (1 .. 50) { open(F, ">", "f$_.tf") or die } print "made"'`;
  const deep = host.execute('script', { script }, 'draft', { sub: 'run-3' });
  const error = await deep.catch((thrown) => thrown);
  expect(error).toMatchObject({ code: 'workspace-unreadable' });
  expect(String(error.cause).length).toBeLessThanOrEqual(2_000);
  const mended = await host.execute('script', { script: 'rm -r dddddddddd && echo mended' }, 'draft', {
    sub: 'run-3',
  });
  expect(mended.outcomes[0]?.text).toBe('mended\n');
  await host.execute('script', { script }, 'draft', { sub: 'run-3' }).catch(() => undefined);
  await host.workspaces.remove('run-3');
  expect(existsSync(join(host.folder, 'workspaces/run-3'))).toBe(false);
});
