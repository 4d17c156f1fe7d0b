import { z } from 'zod';
import type { Finding } from '../domain/decision';
import type { Effect } from '../domain/effect';
import { GatehouseError } from '../domain/errors';
import type { JudgeContext, Judgement } from '../domain/judgement';
import { isGitPath, protectingPattern } from '../shell/protected-paths';
import { isSecretPath } from '../shell/secret-paths';

/** A path argument; whether it stays in the workspace is judged, not parsed, so that the refusal is on record. */
export const pathArgument = z.string().min(1).max(4096);

/**
 * A path relative to the workspace, without `.` segments and doubled slashes; `.` for the workspace itself. Null when it
 * leaves the workspace or names git's own files, by its letters alone: links are looked at where they are followed.
 */
export function normalizePath(path: string): string | null {
  if (path.startsWith('/') || path.includes('\0') || path.includes('\n')) return null;
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (segments.includes('..')) return null;
  return segments.length === 0 ? '.' : segments.join('/');
}

/**
 * The same as {@link normalizePath}, for running: what was judged and denied must not run even so.
 *
 * @throws GatehouseError `path-refused`
 */
export function workspacePath(path: string): string {
  const normalized = normalizePath(path);
  if (normalized === null || isGitPath(normalized))
    throw new GatehouseError(
      'path-refused',
      `the path \`${oneLine(path)}\` is not in the workspace or is git's own`,
    );
  return normalized;
}

/** What paths add to a call: files of keys, protected paths, and paths that no call may name. */
export function judgePaths(
  effect: Effect,
  paths: readonly string[],
  context: Pick<JudgeContext, 'settings'>,
): Judgement {
  const findings: Finding[] = [];
  const marks: Judgement['marks'] = [];
  for (const path of paths) {
    const normalized = normalizePath(path);
    if (normalized === null) {
      findings.push(escapeFinding(path));
      continue;
    }
    const pattern = protectingPattern(normalized, context.settings.protectedPaths);
    if (pattern !== null) {
      findings.push(protectedFinding(normalized, pattern));
      marks.push(effect === 'read' ? 'secret' : 'catastrophic');
    } else if (isSecretPath(normalized)) marks.push('secret');
  }
  return { effect, marks: [...new Set(marks)], findings };
}

/**
 * Whether what a file says is left out of a search or a diff over a folder: such files are read by naming them, which is
 * judged.
 *
 * @param named the normalised path the call names
 */
export function isWithheld(path: string, named: string, settings: JudgeContext['settings']): boolean {
  if (path === named) return false;
  return isSecretPath(path) || protectingPattern(path, settings.protectedPaths) !== null;
}

function escapeFinding(path: string): Finding {
  return {
    verdict: 'deny',
    layer: 'tools',
    rule: 'path-escape',
    message: `the path \`${oneLine(path)}\` leaves the workspace; name a path relative to it, without \`..\``,
  };
}

function protectedFinding(path: string, pattern: string): Finding {
  return {
    verdict: 'deny',
    layer: 'tools',
    rule: 'protected-path',
    message: `the path \`${path}\` is protected by \`${pattern}\``,
  };
}

/** Messages are one line, whatever a model puts into a path. */
function oneLine(path: string): string {
  return path.replace(/\p{Cc}/gu, '\uFFFD');
}
