import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Most processes and threads of one command. */
export const MAX_PROCESSES = 512;

/** A control group of one command, which counts its processes where the plain limit does not. */
export interface ProcessGroup {
  /** Put before the program, so that it is in the group before it starts. */
  prefix: string[];
  remove(): void;
}

/**
 * A maker of control groups, or null where there are none to be made.
 *
 * The kernel exempts root from the plain limit on processes, and a sandbox started by root is root to it whatever it
 * sees inside. Started by anyone else, the plain limit holds and this is not needed.
 */
export function findProcessGroups(): (() => ProcessGroup) | null {
  if (process.getuid?.() !== 0) return null;
  const parent = ['/sys/fs/cgroup/pids', '/sys/fs/cgroup'].map(preparedIn).find((folder) => folder !== null);
  if (!parent) return null;
  return () => {
    const folder = join(parent, `${process.pid}-${randomBytes(6).toString('hex')}`);
    mkdirSync(folder);
    writeFileSync(join(folder, 'pids.max'), String(MAX_PROCESSES));
    return {
      prefix: ['/bin/sh', '-c', 'echo 0 > "$0/cgroup.procs" && exec "$@"', folder],
      remove: () => removeWhenEmpty(folder, 20),
    };
  };
}

/** Our folder among the control groups, where processes can be counted. */
function preparedIn(root: string): string | null {
  const folder = join(root, 'gatehouse');
  try {
    if (existsSync(join(root, 'cgroup.subtree_control'))) delegate(root);
    mkdirSync(folder, { recursive: true });
    if (existsSync(join(folder, 'cgroup.subtree_control'))) delegate(folder);
    const probe = join(folder, `probe-${process.pid}`);
    mkdirSync(probe);
    const isCounting = existsSync(join(probe, 'pids.max'));
    rmdirSync(probe);
    if (!isCounting) return null;
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

function delegate(folder: string): void {
  const control = join(folder, 'cgroup.subtree_control');
  if (!readFileSync(control, 'utf8').split(/\s+/).includes('pids')) writeFileSync(control, '+pids');
}

/** The kernel counts a process out a moment after it is gone. */
function removeWhenEmpty(folder: string, attempts: number): void {
  try {
    rmdirSync(folder);
  } catch {
    if (attempts > 0) setTimeout(() => removeWhenEmpty(folder, attempts - 1), 50).unref();
  }
}
