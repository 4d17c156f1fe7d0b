import type { BraceGroup, CompoundList, Function as FunctionNode } from 'unbash';
import { SANDBOX_VARIABLES } from './sandbox-places';
import type { Word } from './word';

export type FunctionBody = FunctionNode['body'] | BraceGroup | CompoundList;

/** What a name may stand for, when branches defined it differently. */
export interface FunctionMeaning {
  bodies: readonly FunctionBody[];
  /** Whether it is one of them in any case; otherwise it may still be a program. */
  isCertain: boolean;
}

/** What a shell knows at one point: a subshell starts with a copy. */
export interface Scope {
  /** Values of variables; null for one that is set to something unknown. */
  variables: Map<string, string | null>;
  /** Variables that programs see for certain; of others a program that is a shell knows nothing. */
  exported: Set<string>;
  /** Elements of arrays; null elements are unknown. */
  arrays: Map<string, readonly (string | null)[] | null>;
  functions: Map<string, FunctionMeaning>;
  /** Texts of aliases; null for an unknown one. Whether bash looks at aliases at all is not known. */
  aliases: Map<string, string | null>;
  /** `$1`, `$2`, …; null when not known at all. */
  positional: readonly (string | null)[] | null;
  /** Values that variables get back when the function ends that made them local; undefined for none. */
  locals: Map<string, string | null | undefined> | null;
  /** As an absolute path inside the sandbox; null when a `cd` could not be followed. */
  cwd: string | null;
  /** Where it is instead, if an earlier `cd` failed or a branch did not run. */
  otherFolders: readonly string[];
  /** Where it still is if the last command, a `cd`, failed; null when that changes nothing. */
  ifFailed: { cwd: string | null; otherFolders: readonly string[] } | null;
  /** Whether the first command that fails ends the shell (`set -e`). */
  endsOnFailure: boolean;
  /** Where failing ends nothing in spite of that: in a condition. */
  ignoresFailure: boolean;
  /** Whether every variable that is set is exported (`set -a`). */
  exportsAll: boolean;
  /** Variables that can no longer be set (`readonly`): what is set later may or may not hold. */
  frozen: Set<string>;
  /** What held where the function that runs ended early, and the rounds of its loops; null outside of both. */
  endings: { returns: Scope[]; rounds: Scope[] } | null;
}

/** Most folders that a shell may be in; with more, it may be in any. */
const MAX_FOLDERS = 6;

/** The scope a command line starts in. */
export function startScope(cwd: string): Scope {
  return {
    variables: new Map(Object.entries(SANDBOX_VARIABLES)),
    exported: new Set(Object.keys(SANDBOX_VARIABLES)),
    arrays: new Map(),
    functions: new Map(),
    aliases: new Map(),
    positional: null,
    locals: null,
    cwd,
    otherFolders: [],
    ifFailed: null,
    endsOnFailure: false,
    ignoresFailure: false,
    exportsAll: false,
    frozen: new Set(),
    endings: null,
  };
}

export function copyOf(scope: Scope): Scope {
  return {
    ...scope,
    variables: new Map(scope.variables),
    exported: new Set(scope.exported),
    arrays: new Map(scope.arrays),
    functions: new Map(scope.functions),
    aliases: new Map(scope.aliases),
    locals: scope.locals && new Map(scope.locals),
    frozen: new Set(scope.frozen),
  };
}

/** What a program that is a shell itself starts with: exported variables, perhaps functions, no aliases. */
export function childOf(scope: Scope, assignments: ReadonlyMap<string, string | null>): Scope {
  const known = [...scope.variables].filter(([name]) => scope.exported.has(name));
  return {
    ...copyOf(scope),
    variables: new Map([...known, ...assignments, ['IFS', SANDBOX_VARIABLES.IFS ?? null]]),
    exported: new Set([...scope.exported, ...assignments.keys()]),
    arrays: new Map(),
    functions: new Map(
      [...scope.functions].map(([name, { bodies }]) => [name, { bodies, isCertain: false }]),
    ),
    aliases: new Map(),
    locals: null,
    frozen: new Set(),
    endings: null,
    endsOnFailure: false,
    ignoresFailure: false,
  };
}

/** The same shell for a command that passes over functions and aliases, as `command` and every program do. */
export function withoutNames(scope: Scope): Scope {
  return { ...scope, functions: new Map(), aliases: new Map() };
}

/** Takes over what happened in branches of which one, several or none ran: what they disagree on is unknown. */
export function mergeInto(scope: Scope, branches: readonly Scope[]): void {
  const all = [scope, ...branches];
  for (const name of namesWhereOneDiffers(scope, branches, 'variables')) scope.variables.set(name, null);
  for (const name of namesWhereOneDiffers(scope, branches, 'arrays')) scope.arrays.set(name, null);
  for (const name of namesWhereOneDiffers(scope, branches, 'functions')) {
    const meanings = all.map((each) => each.functions.get(name));
    const bodies = new Set(meanings.flatMap((meaning) => meaning?.bodies ?? []));
    const isCertain = meanings.every((meaning) => meaning?.isCertain);
    scope.functions.set(name, { bodies: [...bodies], isCertain });
  }
  for (const name of scope.exported)
    if (branches.some((branch) => !branch.exported.has(name))) scope.exported.delete(name);
  for (const branch of branches) {
    for (const name of branch.frozen) scope.frozen.add(name);
    for (const [name, text] of branch.aliases)
      scope.aliases.set(name, scope.aliases.get(name) === text || !scope.aliases.has(name) ? text : null);
    for (const name of branch.locals?.keys() ?? [])
      if (!scope.locals?.has(name)) scope.locals?.set(name, null);
    moveTo(scope, branch.cwd, branch.otherFolders);
    if (branch.positional !== scope.positional) scope.positional = null;
    scope.endsOnFailure &&= branch.endsOnFailure;
  }
}

/** Names that do not stand for the same in all of them; plain loops, since this runs after every branch. */
function namesWhereOneDiffers(
  scope: Scope,
  branches: readonly Scope[],
  what: 'variables' | 'arrays' | 'functions',
): ReadonlySet<string> {
  const names = new Set<string>();
  const own = scope[what];
  for (const branch of branches) {
    const others = branch[what];
    if (others.size === 0 && own.size === 0) continue;
    for (const [name, value] of others) if (own.get(name) !== value || !own.has(name)) names.add(name);
    for (const name of own.keys()) if (!others.has(name)) names.add(name);
  }
  return names;
}

/** The scope after its last command failed, in a copy; the scope itself goes on after success. */
export function splitAtFailure(scope: Scope): Scope {
  const failed = { ...copyOf(scope), ...scope.ifFailed, ifFailed: null };
  scope.ifFailed = null;
  return failed;
}

/** Goes on whether the last command failed or not. */
export function settle(scope: Scope): void {
  const { ifFailed } = scope;
  scope.ifFailed = null;
  if (ifFailed && !(scope.endsOnFailure && !scope.ignoresFailure))
    moveTo(scope, ifFailed.cwd, ifFailed.otherFolders);
}

/** Whether two scopes know the same. */
export function knowsSame(one: Scope, other: Scope): boolean {
  const flat = ({ variables, arrays, functions, positional, cwd, otherFolders }: Scope) =>
    JSON.stringify([
      [...variables],
      [...arrays],
      [...functions].map(([name, { bodies, isCertain }]) => [name, bodies.length, isCertain]),
      positional,
      cwd,
      otherFolders,
    ]);
  return flat(one) === flat(other);
}

/** Forgets all that a scope knows, but not what names stand for. */
export function forgetAll(scope: Scope): void {
  for (const name of scope.variables.keys()) scope.variables.set(name, null);
  for (const name of scope.arrays.keys()) scope.arrays.set(name, null);
  Object.assign(scope, { positional: null, cwd: null, otherFolders: [], ifFailed: null });
}

/** Takes none of the functions for certain: a name may still be a program. */
export function doubtNames(scope: Scope): void {
  for (const [name, { bodies }] of scope.functions) scope.functions.set(name, { bodies, isCertain: false });
}

/** Adds folders in which the shell may be as well; null for one that is not known. */
export function moveTo(scope: Scope, cwd: string | null, others: readonly string[]): void {
  const folders = new Set([...scope.otherFolders, ...others, ...(cwd === null ? [] : [cwd])]);
  if (scope.cwd !== null) folders.delete(scope.cwd);
  if (cwd === null || folders.size > MAX_FOLDERS) scope.cwd = null;
  scope.otherFolders = scope.cwd === null ? [] : [...folders];
}

/** Values of words, null for unknown ones; null altogether when even their number is not known. */
export function valuesOf(words: readonly Word[]): readonly (string | null)[] | null {
  const isOne = (word: Word) => (word.kind === 'literal' ? !word.hasGlob : !word.maySplit);
  return words.every(isOne) ? words.map((word) => (word.kind === 'literal' ? word.value : null)) : null;
}

/** Variables that the shell sets by itself, at times that are not followed. */
const SET_BY_SHELL = new Set([
  ...[
    'REPLY',
    'MAPFILE',
    'OPTARG',
    'OPTIND',
    'OLDPWD',
    'DIRSTACK',
    'COPROC',
    'BASH_REMATCH',
    'PIPESTATUS',
    '_',
  ],
  ...['RANDOM', 'SRANDOM', 'SECONDS', 'LINENO', 'BASH_COMMAND', 'BASH_ARGV0', 'FUNCNAME', 'EPOCHSECONDS'],
]);

/** The value of a variable or positional parameter; null when unknown, as for everything the sandbox does not set. */
export function variableOf(scope: Scope, name: string): string | null {
  if (SET_BY_SHELL.has(name)) return null;
  if (name === 'PWD' && !scope.variables.has('PWD')) return scope.otherFolders.length > 0 ? null : scope.cwd;
  if (/^\d+$/.test(name)) return name === '0' ? null : (scope.positional?.[Number(name) - 1] ?? null);
  return scope.variables.get(name) ?? scope.arrays.get(name)?.[0] ?? null;
}
