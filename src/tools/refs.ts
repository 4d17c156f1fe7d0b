import { z } from 'zod';
import { matchesBranch } from '../domain/glob';

/** A branch name without `refs/heads/`, in the letters that git and every shell take as they are. */
export const branchArgument = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9_][A-Za-z0-9._/-]*$/, 'a branch name has letters, digits and `._/-` only')
  .refine(
    (name) => !/\.\.|\/\/|\/\.|\.lock(\/|$)|[/.]$|^refs\/|^HEAD$/.test(name),
    'not a branch name: write it without `refs/heads/`',
  );

/** A commit, branch or tag, with git's suffixes `~` and `^`; never an option or a range. */
export const revisionArgument = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9_][A-Za-z0-9._/-]*([~^]\d*)*$/, 'not a revision: name a commit, branch or tag')
  .refine((name) => !name.includes('..'), 'not a revision: give the two ends of a range separately');

/** The pattern that protects a branch, or null. */
export function protectingBranchPattern(branch: string, patterns: readonly string[]): string | null {
  return patterns.find((pattern) => matchesBranch(pattern, branch)) ?? null;
}
