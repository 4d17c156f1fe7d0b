import { type ChildProcess, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import type { HitLimit } from '../tools/tool';
import type { ControlGroup } from './control-group';
import { coveredDescriptors } from './inherited-descriptors';

/** A bubblewrap that was told what to do, and may be killed as one with its process group. */
export interface StartedSandbox {
  child: ChildProcess;
  /** Limits on all of its processes together that were hit. */
  hits(): HitLimit[];
  /** Removes what counted its processes; to be called when it has ended. */
  remove(): void;
}

export interface StandbyOptions {
  bwrap: string;
  /** See {@link seccompFilter}. */
  filter: Buffer;
  makeGroup: (() => ControlGroup) | null;
}

export interface Standby {
  /**
   * Starts a sandbox.
   *
   * @param profile bubblewrap's own arguments
   * @param argv the command inside
   */
  start(profile: readonly string[], argv: readonly string[]): StartedSandbox;
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
export function createStandby(options: StandbyOptions): Standby {
  let spares: StartedSandbox[] = [];

  function refill(): void {
    spares = spares.filter(isAlive);
    try {
      while (spares.length < SPARES) spares.push(launch(options));
    } catch {
      // What is wrong is told to the call that finds none waiting, and has one started.
    }
  }

  return {
    start(profile, argv) {
      const started = spares.find(isAlive) ?? launch(options);
      spares = spares.filter((spare) => spare !== started);
      setTimeout(refill, REFILL_AFTER_MS).unref();
      say(started, profile, argv);
      return started;
    },
  };
}

const FD = { status: 3, profile: 4, argv: 5, filter: 6 } as const;
/** So many descriptors are ours, from 0. */
const OURS = 7;

/**
 * A host name is refused at once, before anything is set up, without the option that comes last of the profile: bubblewrap
 * itself would go on with half of one, or none.
 */
const WHOLE = { needs: ['--hostname', 'sandbox'], comesLast: '--unshare-uts' } as const;

/** Inside: waits for the command. Its first word is how many come, its last a full stop. */
const AWAIT_COMMAND = `mapfile -d '' -t a <&${FD.argv} && exec ${FD.argv}<&- &&
[ "\${#a[@]}" -eq "\${a[0]}" ] && [ "\${a[-1]}" = . ] || exit 70
exec "\${a[@]:1:\${#a[@]}-2}"`;

function launch({ bwrap, filter, makeGroup }: StandbyOptions): StartedSandbox {
  const group = makeGroup?.();
  const [program = '', ...args] = [
    ...(group?.prefix ?? []),
    ...[
      bwrap,
      '--json-status-fd',
      String(FD.status),
      '--seccomp',
      String(FD.filter),
      ...WHOLE.needs,
      '--args',
      String(FD.profile),
    ],
    ...['--', '/bin/bash', '-c', AWAIT_COMMAND],
  ];
  const child = spawn(program, args, {
    cwd: '/',
    env: {},
    stdio: [...Array<'pipe'>(OURS).fill('pipe'), ...covered()],
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
  // Read first of all: without it bubblewrap starts nothing.
  input(child, FD.filter).end(filter);
  return { child, hits: () => group?.hits() ?? [], remove: () => group?.remove() };
}

let known: ReturnType<typeof coveredDescriptors> | null = null;

/** What a process inherits it has from its start. */
function covered(): ReturnType<typeof coveredDescriptors> {
  known ??= coveredDescriptors(OURS);
  return known;
}

function isAlive({ child }: StartedSandbox): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

function say({ child }: StartedSandbox, profile: readonly string[], argv: readonly string[]): void {
  child.ref();
  for (const stream of child.stdio) (stream as unknown as { ref?(): void } | null)?.ref?.();
  input(child, FD.profile).end(words([...profile, WHOLE.comesLast]), () => {
    input(child, FD.argv).end(words([String(argv.length + 2), ...argv, '.']));
  });
}

function input(child: ChildProcess, descriptor: number): Writable {
  return (child.stdio as unknown as Writable[])[descriptor]!;
}

function words(list: readonly string[]): string {
  return list.map((word) => `${word}\0`).join('');
}
