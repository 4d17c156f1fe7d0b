/** A worker that is killed while a program of its control group runs on. Prints the program's id. */
import { spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import { findControlGroups } from '../../../src/sandbox/control-group';
import { DEFAULT_LIMITS } from '../../../src/sandbox/limits';

const group = findControlGroups(DEFAULT_LIMITS)?.();
const [program = '', ...args] = [...(group?.prefix ?? []), 'sh', '-c', 'echo in; exec sleep 600'];
const child = spawn(program, args, { detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
child.stdout.once('data', () => {
  writeSync(1, String(child.pid));
  process.kill(process.pid, 'SIGKILL');
});
