import { posix } from 'node:path';
import type { Finding } from '../domain/decision';
import type { Mark } from '../domain/effect';
import { visibleText } from '../domain/visible-text';
import { withKnownNames } from './known-names';
import { protectingPattern } from './protected-paths';
import { HOME, SCRATCH, WORKSPACE } from './sandbox-places';
import { isSecretPath } from './secret-paths';
import type { CommandContext } from './simple-command';
import type { Word } from './word';

export type PathUse = 'read' | 'write' | 'delete';

/** Where a path lies, as the sandbox sees it. */
export type Place =
  /** In the workspace. */
  | 'workspace'
  /** In a scratch folder: nothing there outlives the call. */
  | 'scratch'
  /** The null, zero and random devices, and the command's own streams. */
  | 'stream'
  /** Any other device. */
  | 'device'
  /** The root, a system root or a home itself, or all of its content. */
  | 'root'
  /** Something in a system folder or a home. */
  | 'system'
  /** Elsewhere, where the sandbox has nothing. */
  | 'elsewhere'
  /** Not known before the command runs. */
  | 'unknown';

export interface ClassifiedPath {
  place: Place;
  /** With the clause that says why. */
  marks: Partial<Record<Mark, string>>;
  /** Layer `commands`. */
  findings: Finding[];
}

/**
 * What using a path means: its marks, and findings for protected and unknown paths. What a program does beyond the use
 * (recursion, force) is the table's to say.
 */
export function classifyPath(word: Word, use: PathUse, context: CommandContext): ClassifiedPath {
  const result = classifyIn(word, use, context);
  const isRelative = !(word.kind === 'literal' ? word.value : word.prefix).startsWith('/');
  if (!isRelative) return result;
  // A folder that it may lie in as well: the stricter place counts.
  for (const cwd of context.otherFolders ?? []) {
    const other = classifyIn(word, use, { ...context, cwd });
    if (STRICTNESS.indexOf(other.place) > STRICTNESS.indexOf(result.place)) result.place = other.place;
    result.marks = { ...other.marks, ...result.marks };
    result.findings.push(...other.findings);
  }
  return result;
}

/** Places by how much a deletion there matters. */
const STRICTNESS: Place[] = [
  'stream',
  'scratch',
  'workspace',
  'elsewhere',
  'unknown',
  'system',
  'device',
  'root',
];

function classifyIn(word: Word, use: PathUse, context: CommandContext): ClassifiedPath {
  const written = word.kind === 'literal' ? word.value : word.prefix;
  const known =
    word.kind === 'literal' && word.hasGlob ? withKnownNames(written, ROOT_NAMES, use === 'read') : written;
  const path = absolute(known, context.cwd);
  const result: ClassifiedPath = { place: placeOf(path, word), marks: {}, findings: [] };
  const shown = `\`${visibleText(word.kind === 'literal' ? word.value : word.source, 80)}\``;
  if (path !== null) judgeKnown(path, word, use, context, shown, result);
  const isTargetUnknown = word.kind === 'unresolved' || path === null;
  if (use !== 'read' && isTargetUnknown)
    result.findings.push({
      verdict: 'ask',
      layer: 'commands',
      rule: 'unresolved',
      message: `${shown} is not known before the command runs, and it is ${use === 'write' ? 'written' : 'deleted'}`,
    });
  return result;
}

function judgeKnown(
  path: string,
  word: Word,
  use: PathUse,
  context: CommandContext,
  shown: string,
  { place, marks, findings }: ClassifiedPath,
): void {
  const does = { read: 'reads', write: 'writes', delete: 'deletes' }[use];
  const isWhole = word.kind === 'literal';
  if (place === 'root') {
    if (use === 'read') marks['host-read'] = `${shown} is a folder of the host`;
    else marks.catastrophic = `it ${does} ${shown}`;
  } else if (place === 'device') {
    if (use === 'read') marks['host-read'] = `${shown} is a device of the host`;
    else marks.catastrophic = `it ${does} the device ${shown}`;
  } else if (place === 'system') {
    marks['host-read'] = `${shown} is in a system folder or a home`;
    if (use === 'delete') marks.destructive = `it deletes ${shown} outside the workspace`;
  } else if (
    use === 'delete' &&
    (place === 'elsewhere' || (place === 'workspace' && isManyFiles(word, path)))
  )
    marks.destructive = `it deletes ${shown}`;
  if (place === 'scratch' || place === 'stream') return;
  const inWorkspace = place === 'workspace' ? posix.relative(WORKSPACE, path) : path.replace(/^\/+/, '');
  if (inWorkspace === '') return;
  const pattern = protectingPattern(
    inWorkspace,
    place === 'workspace' ? context.settings.protectedPaths : [],
  );
  if (pattern !== null && isWhole) {
    marks[use === 'read' ? 'secret' : 'catastrophic'] = `${shown} is protected by \`${pattern}\``;
    findings.push({
      verdict: 'deny',
      layer: 'commands',
      rule: 'protected-path',
      message: `the path ${shown} is protected by \`${pattern}\``,
    });
  } else if (isSecretPath(inWorkspace)) marks.secret = `${shown} may hold keys or credentials`;
}

/** A glob or the workspace itself: more than one named file. */
function isManyFiles(word: Word, path: string): boolean {
  return path === WORKSPACE || (word.kind === 'literal' && word.hasGlob);
}

function absolute(text: string, cwd: string | null): string | null {
  if (text.startsWith('/')) return posix.normalize(text);
  return cwd === null ? null : posix.join(cwd, text);
}

function placeOf(path: string | null, word: Word): Place {
  if (path === null) return 'unknown';
  if (word.kind === 'unresolved' && !/^[/.~]|\//.test(word.prefix)) return 'unknown';
  const trimmed = path.length > 1 ? path.replace(/\/+$/, '') : path;
  if (STREAMS.test(trimmed)) return 'stream';
  if (isIn(trimmed, WORKSPACE)) return 'workspace';
  if (SCRATCH_FOLDERS.some((folder) => isIn(trimmed, folder))) return 'scratch';
  if (isIn(trimmed, '/dev')) return trimmed === '/dev' ? 'root' : 'device';
  // `/etc/*` is all of `/etc`; an unresolved rest may be empty: `/$x`.
  const whole =
    trimmed.replace(word.kind === 'literal' && word.hasGlob ? /\/[*?.[\]{}!]*$/ : /\/$/, '') || '/';
  if (ROOTS.has(whole) || HOMES.test(whole)) return 'root';
  const top = /^\/[^/]+/.exec(trimmed)?.[0] ?? '';
  return ROOTS.has(top) || HOMES.test(top) ? 'system' : 'elsewhere';
}

function isIn(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

const STREAMS = /^\/dev\/(?:null|zero|full|u?random|std(?:in|out|err)|tty|fd(?:\/\d+)?)$/;
const SCRATCH_FOLDERS = [SCRATCH, '/var/tmp', '/dev/shm'];
/** The folders that every system has (Filesystem Hierarchy Standard, and those of macOS). */
const ROOTS = new Set(
  [
    '/',
    ...[
      'bin',
      'boot',
      'etc',
      'home',
      'lib',
      'lib32',
      'lib64',
      'libx32',
      'media',
      'mnt',
      'opt',
      'proc',
      'root',
      'run',
    ],
    ...[
      'sbin',
      'srv',
      'sys',
      'usr',
      'var',
      'Applications',
      'Library',
      'System',
      'Users',
      'Volumes',
      'private',
    ],
  ].map((name) => (name === '/' ? name : `/${name}`)),
);
const ROOT_NAMES = [...ROOTS].map((root) => root.slice(1)).filter((name) => name !== '');
const HOMES = new RegExp(`^(?:/home/[^/]+|/Users/[^/]+|/root|${HOME})$`);
