import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import type { Effect } from '../../src/domain/effect';
import { createBubblewrapSandbox } from '../../src/sandbox/bubblewrap';
import { type Host, openHost } from '../sandbox/support/host';

/** What code inside the sandbox tries, whatever brought it there: the profile alone must hold. */
let host: Host;
let server: Server;
let port: number;
const asked: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end('reached the host\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  host = openHost({ network: ['allowed.example'] });
  await host.prepare();
  await host.prepare('run-2');
});
afterAll(async () => {
  host.close();
  await new Promise((resolve) => server.close(resolve));
});

afterEach(async () => {
  expect(await host.script('git status --short >/dev/null && echo goes on', 'read')).toBe('goes on\n');
});

const everyEffect: Effect[] = ['read', 'draft', 'sandbox', 'production'];

test.each(everyEffect)('in `%s`: homes are absent', async (effect) => {
  const output = await host.script(`ls -A /root ${homedir()} /home; ls -A ~`, effect);
  expect(output).toContain("cannot access '/root'");
  expect(output).toMatch(/\/home:\nagent\n/);
});

test.each(everyEffect)('in `%s`: the data folder, keys and other runs are absent', async (effect) => {
  const secret = await host.secretFile('grant.jwk', 'top secret');
  const other = await host.workspaces.path('run-2');
  const output = await host.script(
    `cat ${secret} ${other}/main.tf; ls ${host.folder} /workspace/../run-2`,
    effect,
  );
  expect(output).not.toContain('top secret');
  expect(output).not.toContain('null_resource');
  expect(output.match(/No such file or directory/g)).toHaveLength(4);
});

test.each(everyEffect)("in `%s`: others' /proc is absent", async (effect) => {
  const processes = await host.script('ls /proc | grep -c "^[0-9]"; kill -9 1 2>&1; echo still here', effect);
  expect(Number(processes.split('\n')[0])).toBeLessThan(10);
  expect(processes).toContain('still here');
  expect(
    await host.script(`cat /proc/${process.pid}/environ /proc/${process.pid}/cmdline`, effect),
  ).toContain('No such file');
});

test.each(everyEffect)('in `%s`: the environment holds nothing of ours', async (effect) => {
  process.env.GATEHOUSE_TEST_SECRET = 'top secret';
  try {
    const output = await host.script('env; cat /proc/1/environ | tr "\\0" "\\n"', effect);
    expect(output).not.toContain('top secret');
    expect(output).toContain('PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n');
  } finally {
    delete process.env.GATEHOUSE_TEST_SECRET;
  }
});

test.each(everyEffect)('in `%s`: kernel settings cannot be changed', async (effect) => {
  const before = readFileSync('/proc/sys/vm/swappiness', 'utf8');
  const output = await host.script(
    `echo 1 > /proc/sys/vm/swappiness; echo '|/tmp/x' > /proc/sys/kernel/core_pattern; echo b > /proc/sysrq-trigger; mount -t tmpfs x /tmp; mount -o remount,rw /proc; unshare -U true`,
    effect,
  );
  expect(output).toContain('Read-only file system');
  expect(output).not.toMatch(/^$/);
  expect(readFileSync('/proc/sys/vm/swappiness', 'utf8')).toBe(before);
});

test.each(everyEffect)('in `%s`: the system cannot be written', async (effect) => {
  const output = await host.script(
    'for f in /x /usr/x /usr/bin/x /etc/x /etc/passwd /dev/x; do echo > $f; done',
    effect,
  );
  expect(output.match(/Read-only file system/g)?.length).toBe(6);
});

test.each(['read', 'draft'] as Effect[])('in `%s`: there is no network at all', async (effect) => {
  const output = await host.script(
    `curl -sS -m 2 http://127.0.0.1:${port}/direct; curl -sS -m 2 https://allowed.example/; getent hosts example.com; ip link 2>/dev/null | grep -c eth`,
    effect,
  );
  expect(output).not.toContain('reached the host');
  expect(asked).not.toContain('/direct');
});

test.each(['sandbox', 'production'] as Effect[])('in `%s`: only listed hosts are reached', async (effect) => {
  const output = await host.script(
    `curl -sS -m 5 http://127.0.0.1:${port}/proxied; curl -sS -m 2 --noproxy '*' http://127.0.0.1:${port}/around; getent hosts example.com && echo resolved`,
    effect,
  );
  expect(output).not.toContain('reached the host');
  expect(output).not.toContain('resolved');
  expect(output).toContain(`the network refused \`127.0.0.1:${port}\``);
  expect(asked.filter((path) => path !== '/')).toEqual([]);
});

test('a listed name that points at this machine is refused', async () => {
  const pointed = openHost({ network: [`${hostname()}:${port}`] });
  try {
    await pointed.prepare();
    const output = await pointed.script(
      `curl -s -m 5 -w '%{http_code}' http://${hostname()}:${port}/rebound`,
      'sandbox',
    );
    expect(output).not.toContain('reached the host');
    expect(asked).not.toContain('/rebound');
    expect(output).toContain('403');
  } finally {
    pointed.close();
  }
});

test('a link to /etc/shadow leads nowhere', async () => {
  expect(await host.script('ln -sf /etc/shadow link; cat link', 'draft')).toContain('No such file');
  const read = await host.execute('read-file', { path: 'link' }, 'read');
  expect(read.outcomes[0]).toMatchObject({ kind: 'failed' });
  expect(read.outcomes[0]?.text).not.toMatch(/root:|\$y\$/);
});

test('`..` out of the workspace is refused by the tool and empty in the sandbox', async () => {
  const read = await host.execute('read-file', { path: '../../etc/passwd' }, 'read');
  expect(read.outcomes[0]).toMatchObject({ kind: 'failed' });
  expect(await host.script('ls /workspace/..', 'read')).not.toMatch(/root|srv|var/);
});

test('a changed file behind a link does not bring a file of the host into the artifacts', async () => {
  const secret = await host.secretFile('token.tf', 'host secret');
  const folder = join(secret, '..');
  const { workspace } = await host.execute(
    'script',
    {
      script: `mkdir -p deep && echo x > deep/token.tf && rm -r deep && ln -s ${folder} deep && ln -s ${secret} direct.tf`,
    },
    'draft',
  );
  const { tree } = await host.content(workspace.content);
  expect(tree).toContainEqual({ path: 'direct.tf', artifact: null, problem: expect.any(String) });
  for (const { artifact } of tree)
    if (artifact)
      expect(Buffer.from(await host.artifacts.get(artifact)).toString()).not.toContain('host secret');
});

test.each([
  ['hooks', 'echo "touch /tmp/x" > .git/hooks/pre-commit'],
  ['config', 'git config core.fsmonitor /tmp/evil || echo refused: Read-only file system'],
  ['config by renaming', 'mv .git/config .git/old; mv .git .gone; rm -rf .git/config .git/hooks'],
])('.git/%s cannot be written, even by what may write .git', async (_, script) => {
  for (const writesGit of [false, true]) {
    const output = await host.script(script, 'production', { writesGit });
    expect(output).toMatch(/Read-only file system|resource busy/);
  }
  const workspace = await host.workspaces.path('run-1');
  expect(readFileSync(join(workspace, '.git/config'), 'utf8')).not.toContain('fsmonitor');
  expect(existsSync(join(workspace, '.git/hooks/pre-commit'))).toBe(false);
});

test('a workspace cannot be written by a read', async () => {
  expect(await host.script('echo x > main.tf; rm main.tf; touch .git/x', 'read')).toMatch(
    /(Read-only file system[\s\S]*){3}/,
  );
});

test('the forge is out of reach for what does not ask for it, and for reads', async () => {
  const path = host.workspaces.forgePath('run-1');
  expect(await host.script(`ls ${path}`, 'production')).toContain('No such file');
  expect(await host.script(`ls ${path}`, 'read', { reachesForge: true })).toContain('No such file');
  const output = await host.script(`ls ${path} && echo > ${path}/config`, 'draft', { reachesForge: true });
  expect(output).toContain('refs');
  expect(output).toContain('Read-only file system');
});

test('filters, hooks and monitors that a repository names do not run', async () => {
  await host.script(
    `printf '* filter=evil diff=evil\\n' > .gitattributes; mkdir -p .githooks; printf '#!/bin/sh\\ntouch /workspace/ran\\n' > .githooks/pre-commit; chmod +x .githooks/pre-commit; git init -q nested; printf '[core]\\n\\tfsmonitor = touch /workspace/ran\\n' >> nested/.git/config; echo n > nested/file`,
    'draft',
  );
  const { tree } = await host.workspaces.state('run-1');
  const { workspace } = await host.execute('script', { script: 'echo more > nested/file' }, 'draft');
  expect(workspace.tree).not.toBe(tree);
  expect(existsSync(join(await host.workspaces.path('run-1'), 'ran'))).toBe(false);
});

test('a workspace made unreadable is still read, and removed', async () => {
  await host.prepare('run-3');
  await host.execute(
    'script',
    { script: 'mkdir d && echo x > d/f && chmod 000 d/f d && touch ":(glob)x" "-n" "a\nb"' },
    'draft',
    { sub: 'run-3' },
  );
  const state = await host.workspaces.state('run-3');
  expect(state.tree).toMatch(/^[0-9a-f]{40}$/);
  await host.workspaces.remove('run-3');
  await expect(host.workspaces.path('run-3')).rejects.toMatchObject({ code: 'workspace-missing' });
});

test('a fork bomb meets its limit', async () => {
  const output = await host.script('for i in $(seq 2000); do sleep 1 & done 2>&1 | tail -1', 'sandbox', {
    timeoutMs: 20_000,
  });
  expect(output).toMatch(/Cannot fork|Resource temporarily unavailable/);
});

test('memory, file size, dumps and scratch space have limits', async () => {
  const limits = await host.script('ulimit -d; ulimit -f; ulimit -c; ulimit -n', 'sandbox');
  // Kibibytes, blocks of 512 bytes, and counts.
  expect(limits.trim().split('\n').map(Number)).toEqual([4 * 1024 ** 2, 2 * 1024 ** 2, 0, 4096]);
  expect(await host.script('head -c 70000000 /dev/zero > /dev/shm/big', 'sandbox')).toContain(
    'No space left',
  );
});

test('a flood of output is cut, and its rest dropped', async () => {
  const { outcomes } = await host.execute('script', { script: 'yes | head -c 50000000' }, 'sandbox');
  expect(Buffer.byteLength(outcomes[0]?.text ?? '')).toBeLessThanOrEqual(16 * 1024);
  expect(outcomes[0]?.text).toContain('bytes left out here');
});

test('a process in the background does not survive its call', async () => {
  const marker = `987.${process.pid}`;
  await host.script(
    `(setsid sleep ${marker} &) ; nohup sleep ${marker} >/dev/null 2>&1 & disown; true`,
    'sandbox',
  );
  await host.script(`setsid sleep ${marker}`, 'sandbox', { timeoutMs: 300 });
  const running = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).split('\n');
  expect(running.filter((line) => line === `sleep ${marker}`)).toEqual([]);
});

// Only root can put a folder there to be covered.
const asRoot = process.getuid?.() === 0 ? test : test.skip;

asRoot('a folder of ours under a system folder is covered', async () => {
  const hidden = '/usr/local/share/gatehouse-test';
  mkdirSync(hidden, { recursive: true });
  writeFileSync(join(hidden, 'key'), 'top secret');
  try {
    const sandbox = createBubblewrapSandbox({ hidden: [hidden] });
    const result = await sandbox.run({ argv: ['ls', '-A', hidden] }, { effect: 'read', workspace: null });
    expect(result).toMatchObject({ exitCode: 0, stdout: '' });
  } finally {
    rmSync(hidden, { recursive: true });
  }
});
