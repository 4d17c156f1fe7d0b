import { posix } from 'node:path';
import { HOME } from './sandbox-places';
import { type Scope, variableOf } from './scope';
import type { ResolvedCommand, Shell } from './shell';
import type { Word } from './word';

/**
 * Runs what changes the shell itself: variables, functions, folder, positional parameters. False for everything else.
 */
export function runBuiltin(program: string, command: ResolvedCommand, scope: Scope, shell: Shell): boolean {
  const run = BUILTINS[program];
  if (!run || !Object.hasOwn(BUILTINS, program)) return false;
  run(command.words.slice(1), scope, shell, command);
  shell.add({ effect: 'read', marks: {}, why: `\`${program}\` changes the shell alone` });
  return true;
}

type Builtin = (args: readonly Word[], scope: Scope, shell: Shell, command: ResolvedCommand) => void;

/** Variables that make other programs run something, whoever reads them. */
const RUNNING_VARIABLES = new Set([
  ...[
    'PATH',
    'LD_PRELOAD',
    'LD_LIBRARY_PATH',
    'LD_AUDIT',
    'DYLD_INSERT_LIBRARIES',
    'BASH_ENV',
    'ENV',
    'PROMPT_COMMAND',
  ],
  ...[
    'PAGER',
    'MANPAGER',
    'GIT_PAGER',
    'EDITOR',
    'VISUAL',
    'GIT_EDITOR',
    'GIT_SEQUENCE_EDITOR',
    'BROWSER',
    'LESSOPEN',
  ],
  ...[
    'GIT_SSH',
    'GIT_SSH_COMMAND',
    'GIT_EXTERNAL_DIFF',
    'GIT_ASKPASS',
    'SSH_ASKPASS',
    'GIT_CONFIG_COUNT',
    'GIT_EXEC_PATH',
  ],
  ...[
    'PYTHONSTARTUP',
    'PYTHONPATH',
    'PERL5OPT',
    'PERL5LIB',
    'RUBYOPT',
    'RUBYLIB',
    'NODE_OPTIONS',
    'JAVA_TOOL_OPTIONS',
  ],
]);

/** Sets a variable; one that other programs obey makes the command more than a read. */
export function assign(name: string, value: string | null, scope: Scope, shell: Shell): void {
  scope.variables.set(name, value);
  scope.arrays.delete(name);
  if (RUNNING_VARIABLES.has(name))
    shell.add({ effect: 'sandbox', marks: {}, why: `\`${name}\` decides what other programs run` });
}

const declare: Builtin = (args, scope, shell) => {
  for (const word of args) {
    if (word.kind === 'unresolved') {
      const name = /^([A-Za-z_]\w*)\+?=/.exec(word.prefix || word.source)?.[1];
      if (name) assign(name, null, scope, shell);
      continue;
    }
    const [, name, operator, value] = /^([A-Za-z_]\w*)(\+?=)(.*)$/s.exec(word.value) ?? [];
    if (name === undefined) continue;
    const before = operator === '+=' ? variableOf(scope, name) : '';
    assign(name, before === null ? null : `${before}${value}`, scope, shell);
  }
};

const forget: Builtin = (args, scope) => {
  for (const word of args)
    if (word.kind === 'literal' && /^[A-Za-z_]\w*$/.test(word.value)) {
      scope.variables.set(word.value, null);
      scope.arrays.delete(word.value);
    }
};

const changeFolder: Builtin = (args, scope) => {
  const [target] = args.filter((word) => !(word.kind === 'literal' && /^-[LPe@n]+$|^--$/.test(word.value)));
  if (!target) scope.cwd = variableOf(scope, 'HOME') ?? HOME;
  else if (target.kind === 'unresolved' || target.hasGlob || /^-|^\+\d/.test(target.value)) scope.cwd = null;
  else if (target.value.startsWith('/')) scope.cwd = posix.normalize(target.value);
  else scope.cwd = scope.cwd === null ? null : posix.join(scope.cwd, target.value);
};

const setPositional: Builtin = (args, scope) => {
  const dashes = args.findIndex((word) => word.kind === 'literal' && word.value === '--');
  const [first] = args;
  const values =
    dashes >= 0
      ? args.slice(dashes + 1)
      : first?.kind === 'literal' && /^[-+]/.test(first.value)
        ? null
        : args;
  if (values === null || values.length === 0) return;
  scope.positional = values.some((word) => word.kind === 'unresolved' && word.maySplit)
    ? null
    : values.map((word) => (word.kind === 'literal' ? word.value : null));
};

const runScript: Builtin = ([file], scope, shell, { stdin, source }) => {
  if (file?.kind === 'literal' && /^\/dev\/(?:stdin|fd\/0)$/.test(file.value))
    shell.runText(stdin.kind === 'text' ? stdin.text : null, scope, { kind: 'none' }, source);
  else if (file?.kind === 'unresolved') shell.runText(null, scope, { kind: 'none' }, source);
  else {
    shell.add({ effect: 'sandbox', marks: {}, why: 'it runs a script' });
    // What it defines may change everything that follows.
    for (const name of scope.variables.keys())
      if (!/^(?:HOME|PWD|TMPDIR|USER|IFS)$/.test(name)) scope.variables.set(name, null);
  }
};

const BUILTINS: Record<string, Builtin> = {
  cd: changeFolder,
  chdir: changeFolder,
  pushd: changeFolder,
  popd: (_args, scope) => {
    scope.cwd = null;
  },
  export: declare,
  declare,
  typeset: declare,
  local: declare,
  readonly: declare,
  unset: (args, scope) => {
    forget(args, scope, undefined as never, undefined as never);
    for (const word of args) if (word.kind === 'literal') scope.functions.delete(word.value);
  },
  read: forget,
  mapfile: forget,
  readarray: forget,
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
    shell.runText(action.kind === 'literal' ? action.value : null, scope, { kind: 'none' }, source);
  },
  eval: (args, scope, shell, { stdin, source }) => {
    if (args.length === 0) return;
    const text = args.every((word) => word.kind === 'literal')
      ? args.map((word) => (word.kind === 'literal' ? word.value : '')).join(' ')
      : null;
    shell.runText(text, scope, stdin, source);
  },
  source: runScript,
  '.': runScript,
  let: forget,
  ':': () => {},
  true: () => {},
  false: () => {},
  test: () => {},
  '[': () => {},
  return: () => {},
  break: () => {},
  continue: () => {},
  exit: () => {},
  logout: () => {},
  wait: () => {},
  jobs: () => {},
  times: () => {},
  type: () => {},
  umask: () => {},
  ulimit: () => {},
};
