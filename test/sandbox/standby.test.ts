import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitUntil } from '../support/wait-until';

let workspace: string;
beforeEach(() => {
  workspace = mkdtempSync(join(tmpdir(), 'standby-'));
  mkdirSync(join(workspace, '.git'));
});
afterEach(() => rmSync(workspace, { recursive: true }));

test('a worker that is killed leaves no sandbox waiting', async () => {
  const started = killedWorker('waiting');
  await waitUntil(() => started.every((pid) => !isRunning(pid)), 'all of them end');
});

test('a worker that is killed while it tells a sandbox its command has none of it run', async () => {
  const started = killedWorker('telling');
  await waitUntil(() => started.every((pid) => !isRunning(pid)), 'all of them end');
  expect(existsSync(join(workspace, 'ran'))).toBe(false);
});

test('a worker that is killed while a sandbox is set up leaves neither it nor its command', async () => {
  const before = new Set(withoutWorker());
  // The milliseconds that it takes, one after the other.
  for (const afterMs of [0, 1, 2, 3, 4, 6, 8, 12]) killedWorker(String(afterMs));
  await waitUntil(() => withoutWorker().every((line) => before.has(line)), 'all of them end');
});

/** Sandboxes, and commands of this test, whose worker is gone. */
function withoutWorker(): string[] {
  return execFileSync('ps', ['-eo', 'ppid,stat,pid,args'], { encoding: 'utf8' })
    .split('\n')
    .filter(
      (line) => /^\s*1\s+[^Z]\S*\s+\d+ \S*bwrap/.test(line) || line.includes(`sleep 977.${process.pid}`),
    );
}

/** The processes that it had waiting. */
function killedWorker(moment: string): string[] {
  const worker = join(__dirname, 'support', 'killed-worker.ts');
  const { signal, stdout } = spawnSync(
    process.execPath,
    ['--require', require.resolve('tsx/cjs'), worker, moment, workspace],
    { encoding: 'utf8' },
  );
  expect(signal).toBe('SIGKILL');
  const started = stdout.trim().split(' ');
  expect(started).toHaveLength(3);
  return started;
}

function isRunning(pid: string): boolean {
  return execFileSync('ps', ['-eo', 'pid'], { encoding: 'utf8' })
    .split('\n')
    .some((line) => line.trim() === pid);
}
