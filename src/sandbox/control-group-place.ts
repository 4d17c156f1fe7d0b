import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where control groups can be made by this process, or why nowhere. Finding out changes nothing. */
export type ControlGroupPlace =
  /** A hierarchy for each controller, which root may write. */
  | { kind: 'version-1'; folders: Record<Controller, string> }
  /** Below the root of the one hierarchy, the only group that may hold both processes and limited groups. */
  | { kind: 'version-2'; folder: string }
  /** Below a group that is this service's: its processes must move into a group beside first. */
  | { kind: 'delegated'; folder: string }
  | { kind: 'none'; version: 1 | 2 | null };

export const controllers = ['pids', 'memory'] as const;
export type Controller = (typeof controllers)[number];

/** What the kernel and whoever started this process leave it. */
export interface ControlGroupHost {
  /** @default '/sys/fs/cgroup' */
  root?: string;
  /** Its own groups. @default '/proc/self/cgroup' */
  own?: string;
  /** @default whether this process is root */
  isRoot?: boolean;
}

const TOGETHER = 'all processes of a command are limited together';
const SINGLY = 'each process of a command is limited by itself (rlimits)';

/** What that means for the limits of commands, in one line. */
export function describeControlGroupPlace(place: ControlGroupPlace): string {
  switch (place.kind) {
    case 'version-1':
      return `version 1; ${TOGETHER}`;
    case 'version-2':
    case 'delegated':
      return `version 2 at ${place.folder}; ${TOGETHER}`;
    case 'none':
      return `${place.version === null ? 'none here' : `version ${place.version}, not given to this user`}; ${SINGLY}`;
  }
}

/** Looks at the groups that are mounted, at the one this process is in, and at what may be written there. */
export function findControlGroupPlace({
  root = '/sys/fs/cgroup',
  own = '/proc/self/cgroup',
  isRoot = process.getuid?.() === 0,
}: ControlGroupHost = {}): ControlGroupPlace {
  if (!existsSync(join(root, 'cgroup.controllers'))) {
    const folders = { pids: join(root, 'pids'), memory: join(root, 'memory') };
    const there = Object.values(folders).filter((folder) => existsSync(folder));
    if (there.length === 0) return { kind: 'none', version: null };
    return isRoot && there.some(isWritable) ? { kind: 'version-1', folders } : { kind: 'none', version: 1 };
  }
  // Of all groups the root of the hierarchy alone has no type; in a container the root that is seen has one.
  if (isRoot && !existsSync(join(root, 'cgroup.type')) && isWritable(root))
    return { kind: 'version-2', folder: root };
  const folder = delegatedGroup(root, own);
  return folder && isGiven(folder) ? { kind: 'delegated', folder } : { kind: 'none', version: 2 };
}

/**
 * The group of the service that this process is in, whoever else is in it too. A session's is none: the shell of a person
 * is not to be moved, and systemd gives no scope to somebody who did not ask for it.
 */
function delegatedGroup(root: string, own: string): string | null {
  const path = /^0::(\/.*)$/m.exec(contentOf(own))?.[1];
  // Above the root that is seen.
  if (path === undefined || path.startsWith('/..')) return null;
  const names = path.split('/').filter((name) => name !== '');
  const service = names.findLastIndex((name) => name.endsWith('.service'));
  if (names.length > 0 && service === -1) return null;
  return join(root, ...names.slice(0, service + 1));
}

/** Whoever delegates gives the folder, the list of its processes, and what its groups may use. */
function isGiven(folder: string): boolean {
  const available = contentOf(join(folder, 'cgroup.controllers')).split(/\s+/);
  return (
    controllers.some((controller) => available.includes(controller)) &&
    [folder, join(folder, 'cgroup.procs'), join(folder, 'cgroup.subtree_control')].every(isWritable)
  );
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
