import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createBubblewrapSandbox } from '../../src/sandbox/bubblewrap';
import { findControlGroupPlace } from '../../src/sandbox/control-group-place';
import { REFUSED_CALLS } from '../../src/sandbox/system-calls';
import { outputOf } from '../../src/tools/output';
import { systemCallNumbers } from './support/system-call-numbers';

const sandbox = createBubblewrapSandbox({ limits: { memoryMiB: 160, processes: 40, fileMiB: 1 } });
/** Column of its numbers. */
const PROCESSOR = process.arch === 'x64' ? 0 : 1;
const nowhere = { effect: 'read' as const, workspace: null };
// Elsewhere each process is limited by itself.
const areLimitedTogether = findControlGroupPlace().kind !== 'none';

const bash = (script: string, timeoutMs = 20_000) =>
  sandbox.run({ argv: ['bash', '-c', script], timeoutMs }, nowhere);

test('within the limits nothing is told', async () => {
  const result = await bash('head -c 900000 /dev/zero > /tmp/x; for i in 1 2 3 4 5; do true & done; wait');
  expect(result).toMatchObject({ exitCode: 0, killed: null });
  expect(result.hit).toBeUndefined();
});

test('memory of all processes together is bounded, and who hit the limit is told which and how to change it', async () => {
  if (!areLimitedTogether) return;
  const hog = `python3 -c 'import time; x = b"x" * (90 * 1024 * 1024); time.sleep(3)'`;
  const result = await bash(`${hog} & ${hog} & wait`);
  expect(result.hit).toEqual([{ kind: 'memory', most: 160 }]);
  expect(result.exitCode).not.toBeNull();
  expect(outputOf(result).text).toContain(
    '(limit hit: 160 MiB of memory for all processes; the operator sets GATEHOUSE_SANDBOX_MEMORY_MIB)',
  );
});

test('memory of one process is bounded', async () => {
  const result = await bash(`python3 -c 'x = b"x" * (300 * 1024 * 1024)'`);
  expect(result.exitCode).not.toBe(0);
  expect(result.stderr).toContain('MemoryError');
});

test('files in memory count as memory', async () => {
  if (!areLimitedTogether) return;
  const result = await bash(
    `python3 -c 'for i in range(300): open(f"/tmp/{i}", "wb").write(bytes(1_000_000))'`,
  );
  expect(result.hit).toEqual([{ kind: 'memory', most: 160 }]);
});

test('processes are bounded, and it is told', async () => {
  if (!areLimitedTogether) return;
  const result = await bash('for i in $(seq 60); do sleep 3 & done; wait');
  expect(result.hit).toContainEqual({ kind: 'processes', most: 40 });
  expect(outputOf(result).text).toContain('limit hit: 40 processes and threads');
});

test.each([
  ['that ends by it', 'exec head -c 2000000 /dev/zero > /tmp/x'],
  ['that complains of it', `python3 -c 'open("/tmp/x", "wb").write(b"x" * 2000000)'`],
])('a file past its size is refused, and it is told a program %s', async (_, script) => {
  const result = await bash(script);
  expect(result.hit).toEqual([{ kind: 'file', most: 1 }]);
  expect(outputOf(result).text).toContain('(limit hit: 1 MiB for one file; the operator sets');
});

test('processor time is bounded too, for the clock stands still while people are asked', async () => {
  const clock = { onChange: () => () => {}, isWaiting: true };
  const result = await sandbox.run(
    { argv: ['bash', '-c', 'while :; do :; done'], timeoutMs: 1_000 },
    { ...nowhere, questions: { socket: '/dev/null', clock } as never },
  );
  expect(result).toMatchObject({ killed: null, hit: [{ kind: 'cpu', most: availableParallelism() }] });
  expect(outputOf(result).text).toContain('s of processor time for one process');
});

test('a daemon that left its session and its parents dies with the command', async () => {
  const marker = `987.${process.pid}`;
  const daemon = `setsid sh -c 'setsid sleep ${marker} & exit' & sleep 0.2`;
  for (const script of [daemon, `${daemon}; sleep 60`]) {
    await bash(`${script} </dev/null >/dev/null 2>&1`, 1_500);
    const running = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).split('\n');
    expect(running.filter((line) => line.endsWith(marker))).toEqual([]);
  }
});

test('the time limit is told with its length', async () => {
  const result = await bash('sleep 60', 300);
  expect(outputOf(result).text).toContain(
    '(stopped: it ran longer than its time limit of 0.3 s; where the tool takes `timeoutMs`, ask for more)',
  );
});

test.each([
  ['clone', '0x10000011, 0, 0, 0, 0', 1],
  ['keyctl', '0, -3, 0, 0, 0', 1],
  ['add_key', 'b"user", b"a", b"b", 1, -3', 1],
  ['bpf', '0, 0, 0, 0, 0', 1],
  ['perf_event_open', '0, 0, 0, 0, 0', 1],
  ['userfaultfd', '0, 0, 0, 0, 0', 1],
  ['ptrace', '0, 0, 0, 0, 0', 1],
  ['mount', 'b"a", b"/tmp", b"tmpfs", 0, 0', 1],
  ['unshare', '0x10000000, 0, 0, 0, 0', 1],
  ['kexec_load', '0, 0, 0, 0, 0', 1],
  ['setns', '0, 0, 0, 0, 0', 1],
  ['io_uring_setup', '1, 0, 0, 0, 0', 1],
  ['clone3', '0, 0, 0, 0, 0', 38],
  // To the hypervisor, of raw packets, of the kernel's ciphers.
  ['socket', '40, 1, 0', 97],
  ['socket', '17, 3, 0', 97],
  ['socket', '38, 5, 0', 97],
  // Typing into the terminal.
  ['ioctl', '0, 0x5412, b"x"', 1],
])('the filter of system calls refuses %s with %s', async (name, args, errno) => {
  const number = systemCallNumbers.get(name)?.[PROCESSOR];
  expect(await attempt(`${number}, ${args}`)).toBe(`-1 ${errno}`);
});

test('every call on the list is refused', async () => {
  const numbers = Object.keys(REFUSED_CALLS).flatMap(
    (name) => systemCallNumbers.get(name)?.[PROCESSOR] ?? [],
  );
  const { stdout } = await bash(`python3 -c 'import ctypes
c = ctypes.CDLL(None, use_errno=True)
for n in [${numbers}]:
    r = c.syscall(n, -1, -1, -1, -1, -1, -1); print(n, r, ctypes.get_errno())'`);
  expect(stdout.trim().split('\n')).toEqual(numbers.map((number) => `${number} -1 1`));
});

test('the filter of system calls refuses a call by its x32 number', async () => {
  if (process.arch !== 'x64') return;
  expect(await attempt('0x40000000 + 39, 0, 0, 0, 0, 0')).toBe('-1 1');
});

test('what the filter does not name is as ever', async () => {
  const number = systemCallNumbers.get('getpid')?.[PROCESSOR];
  expect(await attempt(String(number))).toMatch(/^[1-9]\d* 0$/);
});

/** What the kernel gives back, and its error. */
async function attempt(call: string): Promise<string> {
  const { stdout } = await bash(
    `python3 -c 'import ctypes; c = ctypes.CDLL(None, use_errno=True); r = c.syscall(${call}); print(r, ctypes.get_errno())'`,
  );
  return stdout.trim();
}

test('what tools run works under the filter: git, node, terraform, python with threads and children', async () => {
  const wide = createBubblewrapSandbox();
  const result = await wide.run(
    {
      argv: [
        'bash',
        '-ec',
        `cd /tmp; git init -q x; cd x; echo a > a; git add .; git commit -qm a; git gc -q; git clone -q . ../y; git -C ../y log --oneline | wc -l
node -e 'new (require("worker_threads").Worker)("console.log(1)", {eval: true}); require("child_process").execSync("true"); require("os").networkInterfaces()'
python3 -c 'import threading, multiprocessing, subprocess, socket; t = threading.Thread(target=print, args=(2,)); t.start(); t.join(); subprocess.run(["true"], check=True); socket.socketpair(); multiprocessing.Pool(2).map(abs, [1, 2])'
printf 'output "x" { value = 3 }' > main.tf; ! command -v terraform > /dev/null || { terraform init -no-color > /dev/null; terraform validate -no-color | head -1; }`,
      ],
      timeoutMs: 50_000,
    },
    { effect: 'sandbox', workspace: null },
  );
  expect(result.stderr).toBe('');
  expect(result).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^1\n1\n2\n/) });
});
