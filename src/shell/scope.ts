import type { BraceGroup, CompoundList, Function as FunctionNode } from 'unbash';
import { SANDBOX_VARIABLES } from './sandbox-places';

export type FunctionBody = FunctionNode['body'] | BraceGroup | CompoundList;

/** What a shell knows at one point: a subshell starts with a copy. */
export interface Scope {
  /** Values of variables; null for one that is set to something unknown. */
  variables: Map<string, string | null>;
  /** Elements of arrays; null elements are unknown. */
  arrays: Map<string, readonly (string | null)[] | null>;
  functions: Map<string, FunctionBody>;
  /** Texts of aliases; null for an unknown one. */
  aliases: Map<string, string | null>;
  /** `$1`, `$2`, …; null when not known at all. */
  positional: readonly (string | null)[] | null;
  /** As an absolute path inside the sandbox; null when a `cd` could not be followed. */
  cwd: string | null;
}

/** The scope a command line starts in. */
export function startScope(cwd: string): Scope {
  return {
    variables: new Map(Object.entries(SANDBOX_VARIABLES)),
    arrays: new Map(),
    functions: new Map(),
    aliases: new Map(),
    positional: null,
    cwd,
  };
}

export function copyOf(scope: Scope): Scope {
  return {
    ...scope,
    variables: new Map(scope.variables),
    arrays: new Map(scope.arrays),
    functions: new Map(scope.functions),
    aliases: new Map(scope.aliases),
  };
}

/** Takes over what happened in branches of which one, several or none ran: what they disagree on is unknown. */
export function mergeInto(scope: Scope, branches: readonly Scope[]): void {
  for (const name of new Set(branches.flatMap((branch) => [...branch.variables.keys()]))) {
    const values = new Set([scope, ...branches].map((each) => each.variables.get(name)));
    if (values.size > 1) scope.variables.set(name, null);
  }
  for (const name of new Set(branches.flatMap((branch) => [...branch.arrays.keys()])))
    if (branches.some((branch) => branch.arrays.get(name) !== scope.arrays.get(name)))
      scope.arrays.set(name, null);
  for (const branch of branches) {
    for (const [name, body] of branch.functions)
      if (!scope.functions.has(name)) scope.functions.set(name, body);
    for (const [name, text] of branch.aliases)
      scope.aliases.set(name, scope.aliases.get(name) === text || !scope.aliases.has(name) ? text : null);
    if (branch.cwd !== scope.cwd) scope.cwd = null;
    if (branch.positional !== scope.positional) scope.positional = null;
  }
}

/** The value of a variable or positional parameter; null when unknown, as for everything the sandbox does not set. */
export function variableOf(scope: Scope, name: string): string | null {
  if (name === 'PWD') return scope.cwd;
  if (/^\d+$/.test(name)) return name === '0' ? null : (scope.positional?.[Number(name) - 1] ?? null);
  return scope.variables.get(name) ?? scope.arrays.get(name)?.[0] ?? null;
}
