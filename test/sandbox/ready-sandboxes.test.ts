import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBubblewrapSandbox } from '../../src/sandbox/bubblewrap';
import type { Confinement } from '../../src/sandbox/os-sandbox';
import { waitUntil } from '../support/wait-until';

const sandbox = createBubblewrapSandbox();
let workspace: string;
beforeEach(() => {
  workspace = join(mkdtempSync(join(tmpdir(), 'ready-')), 'repo');
  mkdirSync(join(workspace, '.git'), { recursive: true });
});
afterEach(() => rmSync(join(workspace, '..'), { recursive: true }));

test('the next command of a kind finds its sandbox set up, and in it the workspace as it is then', async () => {
  await run('true');
  await isSetUp();
  writeFileSync(join(workspace, 'later'), 'written later');
  expect((await run('cat later')).stdout).toBe('written later');
});

test('a sandbox that was set up has nothing of the command before', async () => {
  await run('echo left > /tmp/left; echo left > /home/agent/left; sleep 600 &');
  await isSetUp();
  expect((await run('ls /tmp /home/agent; ls -d /proc/[0-9]* | wc -l')).stdout).not.toContain('left');
});

test('a workspace that was made anew is what the next command sees', async () => {
  await run('true');
  await isSetUp();
  rmSync(workspace, { recursive: true });
  mkdirSync(join(workspace, '.git'), { recursive: true });
  writeFileSync(join(workspace, 'new'), 'new');
  expect((await run('ls')).stdout).toBe('new\n');
});

test('a sandbox with secrets is set up for its one command only', async () => {
  const surroundings = { env: { SECRET: 'of one call' }, file: null };
  await run('true', { surroundings });
  await run('true', { effect: 'draft' });
  await isSetUp();
  const environments = processes().map((id) => readOrNothing(`/proc/${id}/environ`));
  expect(environments.join()).not.toContain('of one call');
  expect((await run('env')).stdout).not.toContain('SECRET');
});

function run(script: string, confinement: Partial<Confinement> = {}) {
  return sandbox.run({ argv: ['sh', '-c', script] }, { effect: 'read', workspace, ...confinement });
}

/** A sandbox that has mounted the workspace waits, since nothing runs in one. */
function isSetUp(): Promise<void> {
  return waitUntil(
    () => processes().some((id) => readOrNothing(`/proc/${id}/mountinfo`).includes(workspace)),
    'a sandbox is set up',
  );
}

function processes(): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name));
}

/** The process may be gone. */
function readOrNothing(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
