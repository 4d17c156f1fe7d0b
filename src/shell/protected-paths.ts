import { matchesPath } from '../domain/glob';

/** Whether a normalised path is `.git` or in one, at any depth. */
export function isGitPath(path: string): boolean {
  return path.split('/').some((segment) => segment.toLowerCase() === '.git');
}

/** The pattern that protects a path of the workspace, or null; `.git` is always protected. */
export function protectingPattern(path: string, patterns: readonly string[]): string | null {
  if (isGitPath(path)) return '.git';
  return patterns.find((pattern) => matchesPath(pattern, path)) ?? null;
}
