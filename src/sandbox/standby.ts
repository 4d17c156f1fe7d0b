import { type ChildProcess, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import type { ControlGroup } from './control-group';
import { coveredDescriptors } from './inherited-descriptors';
import type { ProcessLimits } from './limits';
import { createReadySandboxes } from './ready-sandboxes';
import type { StartedSandbox } from './started-sandbox';
import { startUndertaker } from './undertaker';

export interface StandbyOptions {
  bwrap: string;
  /** See {@link seccompFilter}. */
  filter: Buffer;
  makeGroup: (() => ControlGroup) | null;
}

export interface Standby {
  /** Starts a sandbox. */
  start(request: SandboxStart): StartedSandbox;
}

export interface SandboxStart {
  /** bubblewrap's own arguments. */
  profile: readonly string[];
  /** The command inside. */
  argv: readonly string[];
  /** Of each of its processes. */
  limits: ProcessLimits;
  /** What {@link FILE_DESCRIPTOR} holds; short. */
  file?: string;
  /** Nothing in the profile is of this call alone: the next one like it finds its sandbox set up. */
  isRepeatable?: boolean;
}

/** How many wait for their command. A waiting one takes less than a megabyte. */
const SPARES = 2;
/** A command that was just started has the processors first. */
const REFILL_AFTER_MS = 50;

/**
 * Keeps bubblewraps that are started and in their control group already, but know nothing yet: profile and command come
 * over descriptors when a call does. After a call whose profile may repeat, one that has been told that profile too waits
 * for the next: it is set up, and only the command is missing.
 *
 * INVARIANT: nothing runs unless profile and command came whole: a worker that is killed while it writes starts nothing,
 * and one that ends leaves nothing waiting or running.
 */
export function createStandby(options: StandbyOptions): Standby {
  let spares: StartedSandbox[] = [];
  const ready = createReadySandboxes();

  function take(): StartedSandbox {
    const started = spares.find(isAlive) ?? launch(options);
    spares = spares.filter((spare) => spare !== started);
    return started;
  }

  function refill(repeated: readonly string[] | null): void {
    try {
      if (repeated && ready.wants(repeated)) {
        const started = take();
        tellProfile(started, repeated, '');
        ready.keep(repeated, started);
      }
      spares = spares.filter(isAlive);
      while (spares.length < SPARES) spares.push(launch(options));
    } catch {
      // What is wrong is told to the call that finds none waiting, and has one started.
    }
  }

  return {
    start({ profile, argv, limits, file = '', isRepeatable = false }) {
      const set = isRepeatable ? ready.take(profile) : null;
      const started = set ?? take();
      setTimeout(refill, REFILL_AFTER_MS, isRepeatable ? profile : null).unref();
      wake(started);
      if (set) tellCommand(started, argv, limits);
      else tellProfile(started, profile, file, () => tellCommand(started, argv, limits));
      return started;
    },
  };
}

const FD = { status: 3, profile: 4, argv: 5, filter: 6, file: 7 } as const;
/** So many descriptors are ours, from 0. */
const OURS = 8;
/** Descriptor of a file that a profile may name: its content is in nobody's arguments and on no disk. */
export const FILE_DESCRIPTOR = FD.file;

/**
 * A host name is refused at once, before anything is set up, without the option that comes last of the profile: bubblewrap
 * itself would go on with half of one, or none.
 */
const WHOLE = { needs: ['--hostname', 'sandbox'], comesLast: '--unshare-uts' } as const;

/**
 * Inside: waits for the command. Its first word is how many come, its last a full stop; limits stand before it. The shell
 * that is there already sets them, so that no other program is started for it.
 */
const AWAIT_COMMAND = `mapfile -d '' -t a <&${FD.argv} && exec ${FD.argv}<&- ${FD.file}<&- &&
[ "\${#a[@]}" -eq "\${a[0]}" ] && [ "\${a[-1]}" = . ] &&
ulimit \${a[1]} && ulimit -S \${a[2]} || exit 70
exec -- "\${a[@]:3:\${#a[@]}-4}"`;

/** Stands among the arguments of all sandboxes of this process. */
let mark: string | null = null;

function launch({ bwrap, filter, makeGroup }: StandbyOptions): StartedSandbox {
  mark ??= startUndertaker();
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
    ...['--', '/bin/bash', '-c', AWAIT_COMMAND, mark],
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

/** The worker does not end before it. */
function wake({ child }: StartedSandbox): void {
  child.ref();
  for (const stream of child.stdio) (stream as unknown as { ref?(): void } | null)?.ref?.();
}

function tellProfile(
  { child }: StartedSandbox,
  profile: readonly string[],
  file: string,
  then?: () => void,
): void {
  input(child, FD.file).end(file, () =>
    input(child, FD.profile).end(words([...profile, WHOLE.comesLast]), then),
  );
}

function tellCommand(
  { child }: StartedSandbox,
  argv: readonly string[],
  { hard, soft }: ProcessLimits,
): void {
  input(child, FD.argv).end(words([String(argv.length + 4), hard, soft, ...argv, '.']));
}

function input(child: ChildProcess, descriptor: number): Writable {
  return (child.stdio as unknown as Writable[])[descriptor]!;
}

function words(list: readonly string[]): string {
  return list.map((word) => `${word}\0`).join('');
}
