/**
 * A worker that is killed: with `waiting` when it has sandboxes waiting, one of them set up, with `telling` while it
 * tells one its command, and with a number so many milliseconds after it told one.
 * Prints the ids of the processes it started.
 */
import { execFileSync } from 'node:child_process';
import { writeSync } from 'node:fs';
import { createBubblewrapSandbox } from '../../../src/sandbox/bubblewrap';

async function main([moment, workspace]: string[]): Promise<void> {
  const sandbox = createBubblewrapSandbox();
  await sandbox.run({ argv: ['true'] }, { effect: 'read', workspace: null });
  let started: string[] = [];
  while (started.length < 3) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    const listed = execFileSync('ps', ['-eo', 'pid,ppid,comm'], { encoding: 'utf8' });
    started = [...listed.matchAll(new RegExp(`(\\d+) +${process.pid} bwrap`, 'g'))].map((match) => match[1]!);
  }
  writeSync(1, started.join(' '));
  if (Number(moment) >= 0) {
    // Set up anew: none is ready for another effect.
    const marker = `sleep 977.${process.ppid}`;
    void sandbox.run(
      { argv: ['sh', '-c', `${marker}; true`] },
      { effect: 'draft', workspace: workspace ?? '' },
    );
    const until = performance.now() + Number(moment);
    while (performance.now() < until) await new Promise((resolve) => setImmediate(resolve));
  }
  if (moment === 'telling') {
    // More than what the kernel takes at once.
    const padding = Array.from({ length: 15 }, () => 'x'.repeat(100_000));
    void sandbox.run(
      { argv: ['sh', '-c', 'touch /workspace/ran', 'sh', ...padding] },
      { effect: 'draft', workspace: workspace ?? '' },
    );
    await new Promise((resolve) => setImmediate(resolve));
  }
  process.kill(process.pid, 'SIGKILL');
}

main(process.argv.slice(2));
