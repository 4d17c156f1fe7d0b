import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { GatehouseError } from '../domain/errors';
import type { HitLimit } from '../tools/tool';
import { type ControlGroupPlace, type Controller, findControlGroupPlace } from './control-group-place';
import type { SandboxLimits } from './limits';

/** A control group of one command, which bounds all its processes together. */
export interface ControlGroup {
  /** Put before the program, so that it is in the group before it starts. */
  prefix: string[];
  /** Limits that were hit so far. */
  hits(): HitLimit[];
  remove(): void;
}

export interface ControlGroupOptions {
  /** @default what this process finds */
  place?: ControlGroupPlace;
  /** Why groups that seemed to be ours are not. */
  log?: (message: string, cause: unknown) => void;
}

/**
 * A maker of control groups, or null where there are none to be made.
 *
 * The kernel exempts root from the plain limit on processes, and a sandbox started by root is root to it whatever it
 * sees inside. Started by anyone else, the plain limits hold as well.
 *
 * The maker throws `sandbox-unavailable` where a group cannot be made or limited any more.
 */
export function findControlGroups(
  limits: SandboxLimits,
  { place = findControlGroupPlace(), log }: ControlGroupOptions = {},
): (() => ControlGroup) | null {
  const bounds = [processes(limits), memory(limits)].flatMap((bound) => {
    const parent = preparedFor(bound, place, log);
    return parent ? [{ ...bound, parent }] : [];
  });
  if (bounds.length === 0) return null;
  return () => {
    const name = `${process.pid}-${NAMESPACE}-${randomBytes(6).toString('hex')}`;
    try {
      for (const { parent, ...bound } of bounds) {
        mkdirSync(join(parent, name), { recursive: true });
        // A manager of the groups above may have taken the controller away since.
        if (!limit(join(parent, name), bound)) {
          delegate(parent, bound.name);
          if (!limit(join(parent, name), bound)) throw new Error(`nothing to limit ${bound.name} with`);
        }
      }
    } catch (cause) {
      throw new GatehouseError(
        'sandbox-unavailable',
        'the control group that limits a command could not be made',
        { cause },
      );
    }
    // Where one hierarchy holds all controllers they share a folder.
    const folders = [...new Set(bounds.map(({ parent }) => join(parent, name)))];
    return {
      prefix: ['/bin/sh', '-c', ENTER, 'sh', String(folders.length), ...folders],
      hits: () => bounds.flatMap(({ parent, hits }) => hits(join(parent, name))),
      remove: () => {
        for (const folder of folders) removeWhenEmpty(folder);
      },
    };
  };
}

/** Joins as many groups as it is told, and only then becomes the program. */
const ENTER = `n=$1; shift; while [ "$n" -gt 0 ]; do echo 0 > "$1/cgroup.procs" || exit 71; shift; n=$((n - 1)); done; exec "$@"`;

interface Bound {
  name: Controller;
  /** Values by file; a file that is not there is another version's, or the kernel was built without it. */
  settings: Record<string, string>;
  hits(folder: string): HitLimit[];
}

function processes({ processes: most }: SandboxLimits): Bound {
  return {
    name: 'pids',
    settings: { 'pids.max': String(most) },
    hits: (folder) => (counted(join(folder, 'pids.events'), 'max') ? [{ kind: 'processes', most }] : []),
  };
}

function memory({ memoryMiB: most }: SandboxLimits): Bound {
  const bytes = String(most * 1024 ** 2);
  return {
    name: 'memory',
    settings: {
      'memory.max': bytes,
      'memory.swap.max': '0',
      'memory.limit_in_bytes': bytes,
      'memory.memsw.limit_in_bytes': bytes,
    },
    hits: (folder) =>
      ['memory.events', 'memory.oom_control'].some((file) => counted(join(folder, file), 'oom_kill'))
        ? [{ kind: 'memory', most }]
        : [],
  };
}

/** Whether a counter in a file of lines `name value` is above zero. */
function counted(file: string, name: string): boolean {
  try {
    return new RegExp(`^${name} [1-9]`, 'm').test(readFileSync(file, 'utf8'));
  } catch {
    return false;
  }
}

/** Whether there was anything to limit it by. */
function limit(folder: string, { settings }: Bound): boolean {
  const there = Object.entries(settings).filter(([file]) => existsSync(join(folder, file)));
  for (const [file, value] of there) writeFileSync(join(folder, file), value);
  return there.length > 0;
}

/** Our folder among the control groups, where this can be limited. */
function preparedFor(bound: Bound, place: ControlGroupPlace, log: ControlGroupOptions['log']): string | null {
  if (place.kind === 'none') return null;
  const root = place.kind === 'version-1' ? place.folders[bound.name] : place.folder;
  const folder = join(root, 'gatehouse');
  try {
    if (place.kind === 'delegated') moveOut(root);
    delegate(root, bound.name);
    mkdirSync(folder, { recursive: true });
    delegate(folder, bound.name);
    const probe = join(folder, `probe-${process.pid}`);
    mkdirSync(probe);
    try {
      if (!limit(probe, bound)) return null;
    } finally {
      rmdirSync(probe);
    }
    sweep(folder);
    return folder;
  } catch (error) {
    log?.(`no control groups for ${bound.name}: each process of a command is limited by itself`, error);
    return null;
  }
}

/** Gives its groups a controller, where that is asked for (version 2). */
function delegate(folder: string, controller: string): void {
  const control = join(folder, 'cgroup.subtree_control');
  if (!existsSync(control)) return;
  if (!readFileSync(control, 'utf8').split(/\s+/).includes(controller))
    writeFileSync(control, `+${controller}`);
}

/** A group whose groups are limited holds no process itself, so all of this service go into one beside. */
function moveOut(folder: string): void {
  const beside = join(folder, 'gatehouse-workers');
  mkdirSync(beside, { recursive: true });
  // Some may be starting others meanwhile.
  for (let rounds = 0; rounds < 100; rounds++) {
    const within = processesOf(folder);
    if (within.length === 0) return;
    for (const id of within) {
      try {
        writeFileSync(join(beside, 'cgroup.procs'), String(id));
      } catch (error) {
        // It ended.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
  }
}

/** Processes of other namespaces are not told by their ids, and left out. */
function processesOf(folder: string): number[] {
  return readFileSync(join(folder, 'cgroup.procs'), 'utf8')
    .split('\n')
    .map(Number)
    .filter((id) => id > 0);
}

const NAMESPACE = processNamespace();

function processNamespace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';
  } catch {
    return '0';
  }
}

/** Ends and removes what processes left behind that were killed before they could. */
function sweep(folder: string): void {
  for (const name of readdirSync(folder)) {
    const [, owner, namespace] = /^(\d+)-(\d+)-[0-9a-f]+$/.exec(name) ?? [];
    // Whether an owner in another namespace lives cannot be seen from here.
    if (!owner || namespace !== NAMESPACE || existsSync(`/proc/${owner}`)) continue;
    killAll(join(folder, name));
    removeWhenEmpty(join(folder, name));
  }
}

function killAll(folder: string): void {
  try {
    const atOnce = join(folder, 'cgroup.kill');
    if (existsSync(atOnce)) writeFileSync(atOnce, '1');
    else for (const id of processesOf(folder)) process.kill(id, 'SIGKILL');
  } catch {
    // They are ending already, or the group is not ours.
  }
}

/** The kernel counts a process out a moment after it is gone, and on a busy host that may be long. */
function removeWhenEmpty(folder: string, waitMs = 25): void {
  try {
    rmdirSync(folder);
  } catch {
    if (existsSync(folder) && waitMs < LONGEST_WAIT_MS)
      setTimeout(() => removeWhenEmpty(folder, 2 * waitMs), waitMs).unref();
  }
}

const LONGEST_WAIT_MS = 60_000;
