import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Runs a file of `fixtures/` in a process of its own; `line` is the first line it prints, read as JSON. */
export async function runFixture<T>(
  name: string,
  args: string[],
): Promise<{ child: ChildProcess; line: T; kill: () => Promise<void> }> {
  const child = spawn(
    process.execPath,
    ['--require', 'tsx/cjs', join(__dirname, 'fixtures', name), ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let complaints = '';
  child.stderr.on('data', (chunk) => {
    complaints += chunk;
  });
  const line = await new Promise<T>((resolve, reject) => {
    createInterface(child.stdout).once('line', (text) => resolve(JSON.parse(text) as T));
    child.once('exit', () => reject(new Error(`${name} ended early: ${complaints}`)));
  });
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  return { child, line, kill };
}
