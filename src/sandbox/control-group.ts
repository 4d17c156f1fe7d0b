import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HitLimit } from '../tools/tool';
import type { SandboxLimits } from './limits';

/** A control group of one command, which bounds all its processes together. */
export interface ControlGroup {
  /** Put before the program, so that it is in the group before it starts. */
  prefix: string[];
  /** Limits that were hit so far. */
  hits(): HitLimit[];
  remove(): void;
}

/**
 * A maker of control groups, or null where there are none to be made.
 *
 * The kernel exempts root from the plain limit on processes, and a sandbox started by root is root to it whatever it
 * sees inside. Started by anyone else, the plain limits hold and groups can as a rule not be made.
 */
export function findControlGroups(limits: SandboxLimits): (() => ControlGroup) | null {
  if (process.getuid?.() !== 0) return null;
  const controllers = [processes(limits), memory(limits)].flatMap((controller) => {
    const parent = controller.roots
      .map((root) => preparedIn(root, controller.name, controller.settings))
      .find((folder) => folder !== null);
    return parent ? [{ ...controller, parent }] : [];
  });
  if (controllers.length === 0) return null;
  return () => {
    const name = `${process.pid}-${randomBytes(6).toString('hex')}`;
    for (const { parent, settings } of controllers) {
      mkdirSync(join(parent, name), { recursive: true });
      for (const [file, value] of Object.entries(settings)) set(join(parent, name, file), value);
    }
    // Where one hierarchy holds all controllers they share a folder.
    const folders = [...new Set(controllers.map(({ parent }) => join(parent, name)))];
    return {
      prefix: ['/bin/sh', '-c', ENTER, 'sh', String(folders.length), ...folders],
      hits: () => controllers.flatMap(({ parent, hits }) => hits(join(parent, name))),
      remove: () => {
        for (const folder of folders) removeWhenEmpty(folder, 20);
      },
    };
  };
}

/** Joins as many groups as it is told, and only then becomes the program. */
const ENTER = `n=$1; shift; while [ "$n" -gt 0 ]; do echo 0 > "$1/cgroup.procs" || exit 71; shift; n=$((n - 1)); done; exec "$@"`;

interface Controller {
  name: 'pids' | 'memory';
  /** Its own hierarchy in version 1 of control groups, the one of version 2. */
  roots: string[];
  /** Values by file; a file that is not there is another version's, or the kernel was built without it. */
  settings: Record<string, string>;
  hits(folder: string): HitLimit[];
}

function processes({ processes: most }: SandboxLimits): Controller {
  return {
    name: 'pids',
    roots: ['/sys/fs/cgroup/pids', '/sys/fs/cgroup'],
    settings: { 'pids.max': String(most) },
    hits: (folder) => (counted(join(folder, 'pids.events'), 'max') ? [{ kind: 'processes', most }] : []),
  };
}

function memory({ memoryMiB: most }: SandboxLimits): Controller {
  const bytes = String(most * 1024 ** 2);
  return {
    name: 'memory',
    roots: ['/sys/fs/cgroup/memory', '/sys/fs/cgroup'],
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

function set(file: string, value: string): void {
  if (existsSync(file)) writeFileSync(file, value);
}

/** Our folder among the control groups, where this controller can be set. */
function preparedIn(root: string, controller: string, settings: Record<string, string>): string | null {
  const folder = join(root, 'gatehouse');
  try {
    if (existsSync(join(root, 'cgroup.subtree_control'))) delegate(root, controller);
    mkdirSync(folder, { recursive: true });
    if (existsSync(join(folder, 'cgroup.subtree_control'))) delegate(folder, controller);
    const probe = join(folder, `probe-${process.pid}`);
    mkdirSync(probe);
    const isThere = Object.keys(settings).some((file) => existsSync(join(probe, file)));
    rmdirSync(probe);
    if (!isThere) return null;
    sweep(folder);
    return folder;
  } catch {
    return null;
  }
}

/** Removes what processes left behind that were killed before they could. */
function sweep(folder: string): void {
  for (const name of readdirSync(folder)) {
    const owner = /^(\d+)-[0-9a-f]+$/.exec(name)?.[1];
    if (owner && !existsSync(`/proc/${owner}`)) removeWhenEmpty(join(folder, name), 0);
  }
}

function delegate(folder: string, controller: string): void {
  const control = join(folder, 'cgroup.subtree_control');
  if (!readFileSync(control, 'utf8').split(/\s+/).includes(controller))
    writeFileSync(control, `+${controller}`);
}

/** The kernel counts a process out a moment after it is gone. */
function removeWhenEmpty(folder: string, attempts: number): void {
  try {
    rmdirSync(folder);
  } catch {
    if (attempts > 0) setTimeout(() => removeWhenEmpty(folder, attempts - 1), 50).unref();
  }
}
