import { posix } from 'node:path';
import type { Finding } from '../domain/decision';
import { judgeVariable } from './obeyed-variables';
import { HOME, SCRATCH, WORKSPACE } from './sandbox-places';
import { copyOf, knowsSame, type Scope, valuesOf, variableOf } from './scope';
import type { ResolvedCommand, Shell } from './shell';
import type { Part } from './simple-command';
import { isOpenStream, judgePathLike } from './unknown-program';
import type { Word } from './word';

/**
 * Runs what changes the shell itself: variables, functions, folder, positional parameters. False for everything else.
 */
export function runBuiltin(program: string, command: ResolvedCommand, scope: Scope, shell: Shell): boolean {
  const run = BUILTINS[program];
  if (!run || !Object.hasOwn(BUILTINS, program)) return false;
  const args = command.words.slice(1);
  // Names with an index are computed, and what is computed may run a command: `unset 'a[$(…)]'`.
  if (!/^(?:eval|trap|alias|source|\.)$/.test(program))
    for (const word of args)
      if (word.kind === 'literal' && RUNNING_INDEX.test(word.value))
        shell.ask('unresolved', `\`${word.value.slice(0, 100)}\` may run a command where it is computed`);
  run(args, scope, shell, command);
  shell.add({ effect: 'read', marks: {}, why: `\`${program}\` changes the shell alone` });
  return true;
}

const RUNNING_INDEX = /[A-Za-z_]\w*\[[^\]]*(?:\$\(|`)/;

type Builtin = (args: readonly Word[], scope: Scope, shell: Shell, command: ResolvedCommand) => void;

/** Sets a variable; one that other programs obey makes the command more than a read. */
export function assign(name: string, value: string | null, scope: Scope, shell: Shell): void {
  scope.variables.set(name, scope.frozen.has(name) ? null : value);
  scope.arrays.delete(name);
  if (value !== null && RUNNING_INDEX.test(value))
    shell.ask('unresolved', `the value of \`${name}\` may run a command where something is computed with it`);
  if (scope.exportsAll) scope.exported.add(name);
  if (name.startsWith('BASH_FUNC_'))
    shell.ask('unresolved', `\`${name}\` is a function for later shells, which is not followed`);
  if (/^PS\d$/.test(name) && (value === null || /\$\(|`/.test(value)))
    shell.ask('unresolved', `\`${name}\` runs what stands in it whenever it is shown`);
  judgeVariable(name, value, scope, shell);
}

/**
 * `export`, `declare` and their like; with flags that change what a value means, the value is unknown. So it is where
 * nothing can be local: there `local` fails.
 */
function declaration(declares: 'export' | 'declare' | 'local' | 'readonly'): Builtin {
  const isExport = declares === 'export';
  const isLocal = declares === 'declare' || declares === 'local';
  return (args, scope, shell, { source }) => {
    const isFrozen = declares === 'readonly';
    const fails = declares === 'local' && scope.locals === null;
    const flags = args
      .map((word) => (word.kind === 'literal' && /^[-+]/.test(word.value) ? word.value : ''))
      .join('');
    if (/n/.test(flags) && !isExport)
      shell.ask(
        'unresolved',
        `\`${source.slice(0, 100)}\` gives a variable a second name, which is not followed`,
      );
    for (const word of args) {
      const text = word.kind === 'literal' ? word.value : word.prefix || word.source;
      const [, name, operator, value] = /^([A-Za-z_]\w*)(?:(\+?=)(.*))?$/s.exec(text) ?? [];
      if (name === undefined) continue;
      const before = variableOf(scope, name);
      if (isLocal && scope.locals && !scope.locals.has(name))
        scope.locals.set(name, scope.variables.get(name));
      if (isExport || /x/.test(flags)) scope.exported.add(name);
      if (isExport && /n/.test(flags)) scope.exported.delete(name);
      if (fails) assign(name, null, scope, shell);
      else if (operator === undefined) {
        if (isLocal && scope.locals) assign(name, null, scope, shell);
      } else if (word.kind === 'unresolved' || /[iulc]/.test(flags)) assign(name, null, scope, shell);
      else if (operator === '+=') assign(name, before === null ? null : `${before}${value}`, scope, shell);
      else assign(name, value ?? '', scope, shell);
      if (isFrozen || /r/.test(flags)) scope.frozen.add(name);
    }
  };
}

/** What is read, computed or unset is unknown from then on. */
const forget: Builtin = (args, scope, shell) => {
  for (const word of args) {
    const name = word.kind === 'literal' ? /^[A-Za-z_]\w*/.exec(word.value)?.[0] : undefined;
    if (name !== undefined) assign(name, null, scope, shell);
  }
};

/** `mapfile`: with `-C TEXT` it runs text for the lines it reads. */
const readLines: Builtin = (args, scope, shell, command) => {
  forget(args, scope, shell, command);
  const at = args.findIndex((word) => word.kind === 'literal' && /^-[a-z]*C/.test(word.value));
  const flag = args[at];
  if (flag?.kind !== 'literal') return;
  const attached = flag.value.slice(flag.value.indexOf('C') + 1);
  const next = args[at + 1];
  const text = attached !== '' ? attached : next?.kind === 'literal' ? next.value : null;
  shell.runText(text, copyOf(scope), { kind: 'none' }, command.source);
};

/** `compgen` and `complete`: `-C TEXT` is run, and `-W TEXT` is expanded. */
const completeWords: Builtin = (args, scope, shell, { source }) => {
  for (const [index, word] of args.entries()) {
    if (word.kind !== 'literal' || !/^-[A-Za-z]*[CW]/.test(word.value)) continue;
    const [, flag = '', attached = ''] = /^-[A-Za-z]*?([CW])([\s\S]*)$/.exec(word.value) ?? [];
    const next = args[index + 1];
    const text = attached !== '' ? attached : next?.kind === 'literal' ? next.value : null;
    if (flag === 'C') shell.runText(text, copyOf(scope), { kind: 'none' }, source);
    else if (text === null || /\$\(|`/.test(text))
      shell.ask('unresolved', `\`${source.slice(0, 100)}\` expands text that may run a command`);
  }
};

/** What runs commands of the history again, or binds them to keys: they are not looked for. */
const runsRemembered =
  (isHarmless: RegExp): Builtin =>
  (args, _scope, shell, { source }) => {
    const flags = args
      .map((word) => (word.kind === 'literal' ? word.value : '-'))
      .filter((each) => /^-/.test(each));
    if (flags.length > 0 && flags.every((flag) => isHarmless.test(flag))) return;
    shell.add({ effect: 'sandbox', marks: {}, why: 'it may run remembered commands' });
    shell.ask('unresolved', `\`${source.slice(0, 100)}\` may run commands that are not known before it runs`);
  };

const changeFolder: Builtin = (args, scope, _shell, { assignments }) => {
  const [target] = args.filter((word) => !(word.kind === 'literal' && /^-[LPe@n]+$|^--$/.test(word.value)));
  const before = { cwd: scope.cwd, otherFolders: scope.otherFolders };
  const goTo = (folders: readonly string[]) => {
    scope.cwd = folders[0] ?? null;
    scope.otherFolders = folders.slice(1);
  };
  scope.variables.delete('PWD');
  scope.ifFailed = before;
  const isSearched = scope.variables.has('CDPATH') || assignments.has('CDPATH');
  if (!target) goTo([variableOf(scope, 'HOME') ?? HOME]);
  else if (target.kind === 'unresolved' || target.hasGlob || /^-|^\+\d/.test(target.value)) goTo([]);
  else if (target.value.startsWith('/')) goTo([posix.normalize(target.value)]);
  else if (isSearched && !/^\.\.?(?:\/|$)/.test(target.value)) goTo([]);
  else if (scope.cwd !== null)
    goTo([scope.cwd, ...scope.otherFolders].map((folder) => posix.join(folder, target.value)));
  // Folders that are always there.
  if (scope.cwd !== null && ALWAYS_THERE.has(trimmed(scope.cwd)) && scope.otherFolders.length === 0)
    scope.ifFailed = null;
};

const ALWAYS_THERE = new Set(['/', HOME, SCRATCH, WORKSPACE, '/etc', '/usr', '/var']);

function trimmed(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') : path;
}

const setPositional: Builtin = (args, scope) => {
  for (const [index, word] of args.entries()) {
    if (word.kind !== 'literal' || !/^[-+]/.test(word.value) || word.value === '--') break;
    const next = args[index + 1];
    const names = /o$/.test(word.value) && next?.kind === 'literal' ? next.value : '';
    if (/^[-+][a-z]*e/i.test(word.value) || names === 'errexit')
      scope.endsOnFailure = word.value.startsWith('-');
    if (/^-[a-z]*a/i.test(word.value) || names === 'allexport') scope.exportsAll = true;
  }
  const dashes = args.findIndex((word) => word.kind === 'literal' && word.value === '--');
  const [first] = args;
  const values =
    dashes >= 0
      ? args.slice(dashes + 1)
      : first?.kind === 'literal' && /^[-+]/.test(first.value)
        ? null
        : args;
  if (values === null || (values.length === 0 && dashes < 0)) return;
  scope.positional = valuesOf(values);
};

const runScript: Builtin = ([file], scope, shell, { stdin, source }) => {
  if (file?.kind === 'literal' && /^\/dev\/(?:stdin|fd\/0)$/.test(file.value))
    shell.runText(stdin.kind === 'text' ? stdin.text : null, scope, { kind: 'none' }, source);
  else if (file?.kind === 'unresolved' || (file && isOpenStream(file.value)))
    shell.runText(null, scope, { kind: 'none' }, source);
  else {
    const part: Part & { findings: Finding[] } = {
      effect: 'sandbox',
      marks: {},
      why: 'it runs a script',
      findings: [],
    };
    if (file) judgePathLike(file, part, shell.contextOf(scope));
    shell.add(part);
    // What it defines may change everything that follows.
    for (const name of scope.variables.keys())
      if (!/^(?:HOME|PWD|TMPDIR|USER|IFS)$/.test(name)) scope.variables.set(name, null);
  }
};

function leaveForAnywhere(scope: Scope): void {
  Object.assign(scope, { cwd: null, otherFolders: [], ifFailed: null });
  scope.variables.delete('PWD');
}

/** The rest of the round does not run: what holds here may hold after the loop. */
function leaveRound(_args: readonly Word[], scope: Scope): void {
  scope.endings?.rounds.push(copyOf(scope));
}

const BUILTINS: Record<string, Builtin> = {
  cd: changeFolder,
  chdir: changeFolder,
  pushd: (args, scope, shell, command) => {
    if (args.length > 0) changeFolder(args, scope, shell, command);
    else leaveForAnywhere(scope);
  },
  popd: (_args, scope) => leaveForAnywhere(scope),
  export: declaration('export'),
  declare: declaration('declare'),
  typeset: declaration('declare'),
  local: declaration('local'),
  readonly: declaration('readonly'),
  unset: (args, scope) => {
    for (const word of args) {
      if (word.kind !== 'literal') continue;
      scope.functions.delete(word.value);
      const name = /^[A-Za-z_]\w*/.exec(word.value)?.[0];
      if (name === undefined) continue;
      scope.variables.set(name, null);
      scope.arrays.delete(name);
    }
  },
  read: forget,
  mapfile: readLines,
  readarray: readLines,
  getopts: forget,
  set: setPositional,
  shift: ([count], scope) => {
    const by = count?.kind === 'literal' ? Number(count.value) : count ? Number.NaN : 1;
    scope.positional = scope.positional && Number.isInteger(by) ? scope.positional.slice(by) : null;
  },
  alias: (args, scope) => {
    for (const word of args) {
      const text = word.kind === 'literal' ? word.value : word.prefix;
      const at = text.indexOf('=');
      if (at > 0) scope.aliases.set(text.slice(0, at), word.kind === 'literal' ? text.slice(at + 1) : null);
    }
  },
  unalias: (args, scope) => {
    for (const word of args) if (word.kind === 'literal') scope.aliases.delete(word.value);
  },
  trap: ([action, ...signals], scope, shell, { source }) => {
    if (!action || (action.kind === 'literal' && /^(?:-.*|)$/.test(action.value)) || signals.length === 0)
      return;
    const text = action.kind === 'literal' ? action.value : null;
    const inner = copyOf(scope);
    shell.runText(text, inner, { kind: 'none' }, source);
    const isAtEnd = signals.every((each) => each.kind === 'literal' && /^(?:EXIT|0)$/i.test(each.value));
    if (isAtEnd) shell.runAtEnd(text, scope, source);
    else if (!knowsSame(inner, scope))
      shell.ask('unresolved', `\`${source.slice(0, 100)}\` changes the shell at a time that is not known`);
  },
  eval: (args, scope, shell, command) => {
    const { stdin, source } = command;
    if (args.length === 0) return;
    const text = args.every((word) => word.kind === 'literal')
      ? args.map((word) => (word.kind === 'literal' ? word.value : '')).join(' ')
      : null;
    shell.withAssignments(command, scope, () => shell.runText(text, scope, stdin, source));
  },
  source: runScript,
  '.': runScript,
  let: forget,
  compgen: completeWords,
  complete: completeWords,
  fc: runsRemembered(/^-[lnr]*l[lnr]*$/),
  bind: runsRemembered(/^-[lpPsSvVX]+$/),
  ':': () => {},
  true: () => {},
  false: () => {},
  test: () => {},
  '[': () => {},
  return: (_args, scope) => {
    scope.endings?.returns.push(copyOf(scope));
  },
  break: leaveRound,
  continue: leaveRound,
  exit: () => {},
  logout: () => {},
  wait: () => {},
  jobs: () => {},
  times: () => {},
  type: () => {},
  umask: () => {},
  ulimit: () => {},
};
