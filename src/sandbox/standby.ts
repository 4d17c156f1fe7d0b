import { type ChildProcess, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { coveredDescriptors } from './inherited-descriptors';
import type { ProcessGroup } from './process-group';

/** A bubblewrap that was told what to do, and may be killed as one with its process group. */
export interface StartedSandbox {
  child: ChildProcess;
  /** Removes what counted its processes; to be called when it has ended. */
  remove(): void;
}

export interface Standby {
  /**
   * Starts a sandbox.
   *
   * @param profile bubblewrap's own arguments
   * @param argv the command inside
   * @param file what {@link FILE_DESCRIPTOR} holds; short
   */
  start(profile: readonly string[], argv: readonly string[], file?: string): StartedSandbox;
}

/** How many wait for their command. A waiting one takes less than a megabyte. */
const SPARES = 2;
/** A command that was just started has the processors first. */
const REFILL_AFTER_MS = 50;

/**
 * Keeps bubblewraps that are started and in their control group already, but know nothing yet: profile and command come
 * over descriptors when a call does. Starting one at that moment costs about twice as much as what it then sets up.
 *
 * INVARIANT: nothing runs unless profile and command came whole: a worker that is killed while it writes starts nothing,
 * and one that ends leaves nothing waiting.
 */
export function createStandby(bwrap: string, makeGroup: (() => ProcessGroup) | null): Standby {
  let spares: StartedSandbox[] = [];

  function refill(): void {
    spares = spares.filter(isAlive);
    try {
      while (spares.length < SPARES) spares.push(launch(bwrap, makeGroup));
    } catch {
      // What is wrong is told to the call that finds none waiting, and has one started.
    }
  }

  return {
    start(profile, argv, file = '') {
      const started = spares.find(isAlive) ?? launch(bwrap, makeGroup);
      spares = spares.filter((spare) => spare !== started);
      setTimeout(refill, REFILL_AFTER_MS).unref();
      say(started, profile, argv, file);
      return started;
    },
  };
}

const FD = { status: 3, profile: 4, argv: 5, file: 6 } as const;
/** Descriptor of a file that a profile may name: its content is in nobody's arguments and on no disk. */
export const FILE_DESCRIPTOR = FD.file;

/**
 * A host name is refused at once, before anything is set up, without the option that comes last of the profile: bubblewrap
 * itself would go on with half of one, or none.
 */
const WHOLE = { needs: ['--hostname', 'sandbox'], comesLast: '--unshare-uts' } as const;

/** Inside: waits for the command. Its first word is how many come, its last a full stop. */
const AWAIT_COMMAND = `mapfile -d '' -t a <&${FD.argv} && exec ${FD.argv}<&- ${FD.file}<&- &&
[ "\${#a[@]}" -eq "\${a[0]}" ] && [ "\${a[-1]}" = . ] || exit 70
exec "\${a[@]:1:\${#a[@]}-2}"`;

function launch(bwrap: string, makeGroup: (() => ProcessGroup) | null): StartedSandbox {
  const group = makeGroup?.();
  const [program = '', ...args] = [
    ...(group?.prefix ?? []),
    ...[bwrap, '--json-status-fd', String(FD.status), ...WHOLE.needs, '--args', String(FD.profile)],
    ...['--', '/bin/bash', '-c', AWAIT_COMMAND],
  ];
  const child = spawn(program, args, {
    cwd: '/',
    env: {},
    stdio: ['pipe', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe', ...covered()],
    // A process group of its own, so that it can be killed as one.
    detached: true,
  });
  // What waits keeps no worker from ending, and one that fails is found out when it is used.
  child.on('error', () => {});
  child.unref();
  for (const stream of child.stdio) {
    stream?.on('error', () => {});
    (stream as unknown as { unref?(): void } | null)?.unref?.();
  }
  return { child, remove: () => group?.remove() };
}

let known: ReturnType<typeof coveredDescriptors> | null = null;

/** What a process inherits it has from its start. */
function covered(): ReturnType<typeof coveredDescriptors> {
  known ??= coveredDescriptors(FD.file + 1);
  return known;
}

function isAlive({ child }: StartedSandbox): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

function say(
  { child }: StartedSandbox,
  profile: readonly string[],
  argv: readonly string[],
  file: string,
): void {
  child.ref();
  for (const stream of child.stdio) (stream as unknown as { ref?(): void } | null)?.ref?.();
  input(child, FD.file).end(file, () => {
    input(child, FD.profile).end(words([...profile, WHOLE.comesLast]), () => {
      input(child, FD.argv).end(words([String(argv.length + 2), ...argv, '.']));
    });
  });
}

function input(child: ChildProcess, descriptor: number): Writable {
  return (child.stdio as unknown as Writable[])[descriptor]!;
}

function words(list: readonly string[]): string {
  return list.map((word) => `${word}\0`).join('');
}
