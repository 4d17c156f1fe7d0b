import { spawn } from 'node:child_process';

/** Ends the watched processes once this process is gone, however it went. */
export interface Reaper {
  readonly pid: number;
  /** Resolves when the reaper is sure to know of the process. */
  watch(pid: number): Promise<void>;
  forget(pid: number): Promise<void>;
  /** It leaves, after ending what it still watches. */
  dismiss(): void;
}

/**
 * Starts a small shell that reads process numbers from a pipe only we hold open. When we die, even by SIGKILL, the
 * kernel closes the pipe: the shell then sends SIGINT to each, waits up to five seconds, and kills what is left with
 * its process group. It runs in a session of its own, so Ctrl-C in our terminal does not reach it.
 */
export function startReaper(): Reaper {
  const shell = spawn('/bin/sh', ['-c', script, 'gatehouse-reaper'], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
    env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
  });
  const { pid, stdin } = shell;
  if (pid === undefined) throw new Error('/bin/sh could not be started');
  // Neither keeps us alive. A reaper that was killed by hand must not take us along through a broken pipe.
  shell.unref();
  (stdin as unknown as { unref(): void }).unref();
  stdin.on('error', () => undefined);
  const tell = (line: string) =>
    new Promise<void>((resolve) => {
      stdin.write(`${line}\n`, () => resolve());
    });
  return {
    pid,
    watch: (watched) => tell(`watch ${watched}`),
    forget: (watched) => tell(`forget ${watched}`),
    dismiss: () => stdin.end(),
  };
}

const script = `
trap '' HUP INT QUIT TERM
pids=' '
while read -r verb pid; do
  case $verb in
    watch) pids=" $pid$pids" ;;
    forget)
      rest=' '
      for each in $pids; do [ "$each" = "$pid" ] || rest="$rest$each "; done
      pids=$rest ;;
  esac
done
for pid in $pids; do kill -s INT "$pid" 2>/dev/null; done
tries=0
while [ $tries -lt 50 ]; do
  alive=
  for pid in $pids; do kill -s 0 "$pid" 2>/dev/null && alive=yes; done
  [ -n "$alive" ] || break
  sleep 0.1
  tries=$((tries + 1))
done
for pid in $pids; do kill -s KILL -- "-$pid" 2>/dev/null; done
`;
