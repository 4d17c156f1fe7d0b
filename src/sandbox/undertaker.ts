import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';

/**
 * Starts a small shell that reads from a pipe which only we hold open. When we die, by SIGKILL too, the kernel closes it,
 * and the shell ends every process among whose arguments is the mark.
 *
 * bubblewrap is bound to our life, but not before it has got so far: one that is killed with us while it sets a sandbox
 * up leaves what it has cloned, which waits for a word that never comes, or runs its command with nobody to end it.
 *
 * @returns the mark
 */
export function startUndertaker(): string {
  const mark = `gatehouse-sandbox-${randomUUID()}`;
  const shell = spawn('/bin/sh', ['-c', SCRIPT, 'gatehouse-undertaker'], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
    // Not among its own arguments.
    env: { MARK: mark, PATH: '/usr/local/bin:/usr/bin:/bin' },
  });
  // Neither keeps us alive, and one that was killed by hand takes nobody along.
  shell.on('error', () => {});
  shell.unref();
  const { stdin } = shell;
  stdin.on('error', () => {});
  (stdin as unknown as { unref?(): void }).unref?.();
  return mark;
}

/** What is cloned between a look and its kill is found by the next look. */
const SCRIPT = `
trap '' HUP INT QUIT TERM
while read -r _; do :; done
for look in 1 2 3; do
  for file in $(printf '%s' "$MARK" | grep -lsF -f - /proc/[0-9]*/cmdline); do
    file=\${file#/proc/}
    kill -s KILL "\${file%/cmdline}" 2>/dev/null
  done
  sleep 0.1
done
`;
