import { spawn } from 'node:child_process';
import { existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Attacked, openAttacked } from './support/attempts';

/** What a process tries against the kernel, other processes and the worker that started it. */
let attacked: Attacked;
let workspace: string;
beforeAll(async () => {
  attacked = await openAttacked();
  workspace = await attacked.host.workspaces.path('run-1');
});
afterAll(() => attacked.host.close());

test('a descriptor that the worker inherited is not handed on', async () => {
  const file = await attacked.host.secretFile('inherited', 'top secret\n');
  const descriptor = openSync(file, 'a+');
  const stdio = [
    'ignore',
    'pipe',
    'inherit',
    ...Array(37).fill('ignore'),
    descriptor,
  ] as const satisfies readonly unknown[];
  const fixture = join(__dirname, 'fixtures/look-at-descriptors.ts');
  const child = spawn(process.execPath, ['-r', 'tsx/cjs', fixture, '40'], { stdio: [...stdio] });
  let output = '';
  child.stdout!.on('data', (chunk) => {
    output += chunk;
  });
  await new Promise((resolve) => child.once('close', resolve));
  expect(output).toContain('/dev/null');
  expect(output).not.toContain('secret');
  expect(readFileSync(file, 'utf8')).toBe('top secret\n');
});

test("the status of the sandbox cannot be forged: its descriptor is not the program's", async () => {
  const marker = spawn('sleep', ['60']);
  try {
    const text = await attacked.attempt(
      `for fd in 3 4 5 6 7 8 9; do echo '{"child-pid": ${marker.pid}}' >&$fd; echo '{"exit-code": 0}' > /proc/1/fd/$fd; done; sleep 60`,
      'production',
      { timeoutMs: 1_000 },
    );
    // Killed at the end of its time: who is killed with it is what the descriptor told.
    expect(text).toBe('timeout');
    expect(marker.exitCode ?? marker.signalCode).toBeNull();
  } finally {
    marker.kill('SIGKILL');
  }
});

test('no terminal is there to be typed on', async () => {
  const text = await attacked.attempt(
    `echo > /dev/tty; perl -e 'for my $f (*STDIN, *STDOUT, *STDERR) { my $c = "x"; print ioctl($f, 0x5412, $c) ? "typed\\n" : "no: $!\\n" }'`,
    'production',
  );
  expect(text).not.toContain('typed');
  expect(text.match(/no: (Inappropriate ioctl|Operation not permitted)/g)).toHaveLength(3);
});

test('no user namespace can be made inside, and so no root', async () => {
  const text = await attacked.attempt('unshare -U id; unshare -Ur id; unshare -m true; unshare -n true');
  expect(text.match(/unshare failed/g)).toHaveLength(4);
  expect(text).not.toContain('uid=');
});

test('a program with a set-user-id bit gains nothing', async () => {
  const text = await attacked.attempt(
    'cp /usr/bin/id i && chmod u+s,g+s i && ./i; su -c id root </dev/null; grep -E "NoNewPrivs|Cap(Eff|Bnd)" /proc/self/status; rm -f i',
  );
  expect(text).toMatch(/uid=1000\(agent\) gid=1000\(agent\)/);
  expect(text).not.toContain('uid=0');
  expect(text).toMatch(/CapEff:\s+0{16}\nCapBnd:\s+0{16}\nNoNewPrivs:\s+1/);
});

test('devices cannot be made, and those of disks and memory are not there', async () => {
  const text = await attacked.attempt(
    'mknod m c 1 1 || echo no; mknod d b 8 0 || echo no; cat /dev/mem /dev/kmsg /dev/sda /dev/vda /dev/fuse /dev/kvm | head -c 10; ls /sys',
  );
  expect(text.match(/^no$/gm)).toHaveLength(2);
  expect(text.match(/No such file/g)).toHaveLength(7);
});

test('limits cannot be raised', async () => {
  const text = await attacked.attempt(
    'bash -c "for l in c f n u d; do ulimit -\\$l unlimited || echo held; done; ulimit -Hc"; prlimit --nofile=100000 true || echo held; nice -n -20 true; chrt -f 99 true || echo held',
  );
  expect(text.match(/^held$/gm)).toHaveLength(7);
  expect(text).toMatch(/^0$/m);
});

test('a process that ignores every signal and freezes the others ends with its time', async () => {
  const begun = Date.now();
  const text = await attacked.attempt(
    `(trap "" TERM INT HUP QUIT ALRM; while :; do :; done) & trap "" TERM INT HUP; kill -STOP -1; sleep 600`,
    'sandbox',
    { timeoutMs: 500 },
  );
  expect(text).toBe('timeout');
  expect(Date.now() - begun).toBeLessThan(10_000);
});

test('a process that kills all it can see kills itself only', async () => {
  const text = await attacked.attempt('kill -9 -1; kill -9 1; echo alive');
  expect(text).toMatch(/^(alive\n[\s\S]*No such process\n*)?$/);
});

test('a library that is preloaded stays in its own process', async () => {
  const text = await attacked.attempt(
    'printf x > evil.so; echo /workspace/evil.so > /etc/ld.so.preload; export LD_PRELOAD=/workspace/evil.so LD_AUDIT=/workspace/evil.so; true',
  );
  expect(text).toMatch(/ld.so.preload: (Read-only file system|Permission denied)/);
  const next = await attacked.attempt('env | grep -c "^LD_"; cat /etc/ld.so.preload');
  expect(next).toMatch(/^0\n/);
  expect(await attacked.call('read-file', { path: 'main.tf' }, 'read')).toMatchObject({ kind: 'done' });
});

test('programs of the workspace do not stand in for those of the system', async () => {
  const names = ['git', 'rg', 'cat', 'sh', 'bash', 'env', 'realpath', 'terraform', 'kubectl', 'prlimit'];
  await attacked.attempt(
    `for p in ${names.join(' ')}; do for d in . bin node_modules/.bin; do mkdir -p $d; printf '#!/bin/sh\\ntouch /workspace/stood-in\\n' > $d/$p; chmod +x $d/$p; done; done; mkdir -p ~/bin ~/.local/bin; cp git ~/bin; cp git ~/.local/bin`,
    'draft',
  );
  for (const [tool, args] of [
    ['read-file', { path: 'main.tf' }],
    ['list-files', {}],
    ['search-files', { pattern: 'null' }],
    ['git-diff', {}],
    ['git-commit', { message: 'shims' }],
    ['validate', {}],
    ['run-command', { command: 'git status; cat main.tf; env', cwd: 'bin' }],
  ] as const)
    await attacked.call(tool, args);
  await attacked.host.workspaces.state('run-1');
  expect(existsSync(join(workspace, 'stood-in'))).toBe(false);
});

test('what a shell reads at its start runs nothing of the workspace', async () => {
  await attacked.attempt(
    `for f in .bashrc .bash_profile .profile .bash_login .env .inputrc; do echo 'touch /workspace/started' > $f; cp $f ~/; done; export BASH_ENV=/workspace/.bashrc ENV=/workspace/.profile; true`,
    'draft',
  );
  for (const command of ['true', 'bash -c true', 'sh -c true'])
    await attacked.call('run-command', { command }, 'sandbox');
  expect(existsSync(join(workspace, 'started'))).toBe(false);
});

test('`validate` runs nothing that the repository brings: scripts of packages, makefiles, plugins', async () => {
  const evil = 'touch /workspace/ran-by-validate';
  const files: Record<string, string> = {
    'package.json': JSON.stringify({ scripts: { preinstall: evil, prepare: evil, test: evil } }),
    '.npmrc': 'script-shell=/workspace/evil.sh\n',
    Makefile: `all:\n\t${evil}\n`,
    'setup.py': `import os; os.system("${evil}")\n`,
    '.tflint.hcl': 'plugin "x" { enabled = true }\n',
    '.terraformrc': 'provider_installation { dev_overrides { "x/y" = "/workspace" } }\n',
    'evil.tf': `terraform { required_providers { x = { source = "x/y" } } }\ndata "external" "x" { program = ["sh", "-c", "${evil}"] }\nresource "null_resource" "x" { provisioner "local-exec" { command = "${evil}" } }\n`,
    'evil.yaml': `a: !!js/function "function(){}"\nb: !!python/object/apply:os.system ["${evil}"]\n`,
  };
  for (const [path, content] of Object.entries(files)) writeFileSync(join(workspace, path), content);
  await attacked.call('validate', {});
  expect(existsSync(join(workspace, 'ran-by-validate'))).toBe(false);
});

test('the root cannot be changed, and nothing can be mounted or laid over', async () => {
  const text = await attacked.attempt(
    'for c in "chroot /workspace true" "mount -t tmpfs x /tmp" "mount --bind /tmp /etc" "mount -t proc p /workspace" "mount -t overlay o -o lowerdir=/etc,upperdir=/tmp,workdir=/tmp /workspace" "umount /workspace/.git" "pivot_root /tmp /tmp"; do $c && echo did; done',
    'production',
  );
  expect(text).not.toContain('did');
});

test('modules, another kernel, a file by its handle and the clock are for root alone', async () => {
  // By number: init_module, reboot, settimeofday, swapon, open_by_handle_at, sethostname.
  const numbers = process.arch === 'arm64' ? [105, 142, 170, 224, 265, 161] : [175, 169, 164, 167, 304, 170];
  const text = await attacked.attempt(
    `perl -e 'open(my $d, "<", "/workspace"); my $handle = pack("IiQ", 8, 1, 2); my $x = "x"; for my $n (${numbers.join(', ')}) { $! = 0; my $r = $n == ${numbers[4]} ? syscall($n, fileno($d), $handle, 0) : syscall($n, $x, 1, 0, 0, 0); print "$r\\n" }'`,
    'production',
  );
  expect(text.trim().split('\n')).toEqual(Array(numbers.length).fill('-1'));
});

test('a crash leaves no dump in the workspace', async () => {
  const text = await attacked.attempt(
    'cat /proc/sys/kernel/core_pattern; sh -c "kill -SEGV \\$\\$"; ls -a | grep -i core || echo none',
  );
  expect(text).toMatch(/^none$/m);
});

test('what unpacks to more than there is room for ends at the limit', async () => {
  const text = await attacked.attempt(
    `head -c 700000000 /dev/zero | gzip -1 > /tmp/bomb.gz; ls -l /tmp/bomb.gz | cut -d' ' -f5; gunzip -c /tmp/bomb.gz > /tmp/unpacked; rm -f /tmp/unpacked; tar -C ~ -xzf /tmp/bomb.gz; echo ended`,
    'sandbox',
    { timeoutMs: 30_000 },
  );
  expect(text).toContain('No space left on device');
  expect(text).toContain('ended');
});

test('a flood on both outputs is cut to what a model is shown', async () => {
  const { text } = await attacked.call(
    'script',
    { script: '(yes out | head -c 20000000) & (yes err | head -c 20000000 >&2) & wait' },
    'sandbox',
  );
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(16 * 1024);
});

test('the memory of what set the sandbox up, and of the kernel, cannot be read', async () => {
  const text = await attacked.attempt(
    `perl -e 'open(my $m, "<", "/proc/1/mem") or print "no: $!\\n"; seek($m, 0x400000, 0); read($m, my $b, 10) or print "no: $!\\n"'; cat /proc/kcore /proc/kpagecount 2>&1 | head -c 100`,
    'production',
  );
  expect(text).toMatch(/no: /);
  expect(text).not.toContain('\u007FELF');
});
