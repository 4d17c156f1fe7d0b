import { judgeInlineCode } from './inline-code';
import { judgeWrapperFlags } from './judge-program';
import { childOf, copyOf, type Scope, valuesOf, withoutNames } from './scope';
import type { ResolvedCommand, Shell } from './shell';
import type { Part, SimpleCommand } from './simple-command';
import { isOpenStream, judgePathLike, judgeUnknown } from './unknown-program';
import { literalWord, type Word } from './word';

/** Shells: their text is bash enough to be read as such. */
const SHELLS = new Set([
  ...[
    'sh',
    'bash',
    'dash',
    'zsh',
    'ash',
    'ksh',
    'ksh93',
    'mksh',
    'oksh',
    'loksh',
    'rbash',
    'rksh',
    'posh',
    'yash',
  ],
  ...['fish', 'csh', 'tcsh', 'elvish', 'nu', 'xonsh', 'osh', 'ysh'],
]);

/** Other interpreters, with the flags whose value is the program. */
const INTERPRETERS: [programs: RegExp, inline: RegExp][] = [
  [/^(?:python|pypy|ipython|jython|micropython)[\d.]*$/, /^-[A-Za-z]*c$/],
  [/^perl[\d.]*$/, /^-[A-Za-z0-9]*[eE]$/],
  [/^(?:ruby|jruby)[\d.]*$/, /^-[A-Za-z]*e$/],
  [/^(?:node|nodejs|bun|deno|iojs|ts-node|tsx)$/, /^(?:-e|-p|-pe|--eval|--print|eval)$/],
  [/^php[\d.]*$/, /^-[rBRE]$/],
  [/^(?:lua|luajit|texlua)[\d.]*$/, /^-e$/],
  [
    /^(?:Rscript|R|julia|groovy|scala|elixir|erl|ghc|osascript|raku|crystal|racket|sbcl|clojure|bb)$/,
    /^-(?:e|-eval|eval|-expression|E)$/,
  ],
  [/^(?:pwsh|powershell)$/, /^-(?:c|Command|EncodedCommand)$/i],
  [/^(?:tclsh|expect|wish|guile|jshell)[\d.]*$/, /^-c$/],
];

/** Judges what a shell is given: `-c TEXT`, a script, or its input. False when the program is no shell. */
export function runShell(program: string, command: ResolvedCommand, scope: Scope, shell: Shell): boolean {
  if (!SHELLS.has(program)) return false;
  const args = command.words.slice(1);
  const child = childOf(scope, command.assignments);
  let index = 0;
  let hasText = false;
  let readsInput = false;
  for (; index < args.length; index++) {
    const word = args[index]!;
    if (word.kind === 'unresolved') {
      shell.ask('unresolved', `\`${program}\` is given something to run that is not known before it runs`);
      return true;
    }
    if (/^-[A-Za-z]*c[A-Za-z]*$/.test(word.value)) hasText = true;
    // With `-s` what follows are parameters.
    if (/^-[A-Za-z]*s[A-Za-z]*$/.test(word.value)) readsInput = true;
    if (word.value === '--') {
      index++;
      break;
    }
    if (/^[-+][A-Za-z]*o$|^--(?:rcfile|init-file)$/i.test(word.value)) index++;
    else if (!/^[-+]/.test(word.value) || word.value === '-') break;
  }
  if (hasText) {
    runTextArgument(args.slice(index), command, scope, shell);
    return true;
  }
  const [script] = args.slice(index);
  const isStream =
    script?.kind === 'literal' && /^(?:-|\/dev\/(?:stdin|fd\/0)|\/proc\/self\/fd\/0)$/.test(script.value);
  if (script && !isStream && !readsInput) runScriptFile(program, script, command, scope, shell);
  else runStream(program, command, child, shell);
  return true;
}

function runTextArgument(args: readonly Word[], command: ResolvedCommand, scope: Scope, shell: Shell): void {
  const [text, ...parameters] = args;
  if (!text) return;
  const inner: Scope = {
    ...childOf(scope, command.assignments),
    // The first is `$0`.
    positional: valuesOf(parameters)?.slice(1) ?? null,
  };
  shell.runText(text.kind === 'literal' ? text.value : null, inner, command.stdin, command.source);
}

function runScriptFile(
  program: string,
  script: Word,
  command: ResolvedCommand,
  scope: Scope,
  shell: Shell,
): void {
  // A stream that the command line opened itself: `bash /dev/fd/3 3<<< …`.
  if (script.kind === 'literal' && isOpenStream(script.value))
    shell.runText(null, scope, { kind: 'none' }, command.source);
  const part = {
    effect: 'sandbox' as const,
    marks: {},
    why: `\`${program}\` runs a script`,
    findings: [],
  };
  judgePathLike(script, part, shell.contextOf(scope));
  shell.add(part);
}

/** What a shell reads from its input: known text is judged, anything else may be anything. */
function runStream(program: string, { stdin, source }: ResolvedCommand, scope: Scope, shell: Shell): void {
  switch (stdin.kind) {
    case 'text':
      shell.runText(stdin.text, scope, { kind: 'none' }, source);
      return;
    case 'unknown':
      shell.runText(null, scope, { kind: 'none' }, source);
      return;
    case 'none':
      shell.add({ effect: 'sandbox', marks: {}, why: `\`${program}\` is a shell` });
      return;
    default:
      stdin satisfies never;
  }
}

/** The program in a cluster of flags, `-lne'print'`: what follows the `e` of Perl and Ruby, the `c` of Python. */
function attachedCode(program: string, flag: string): string | null {
  const cluster = /^(?:perl|j?ruby)/.test(program)
    ? /^-[acdhlnpsStTuUvwWX0-9]*[eE]([\s\S]+)$/
    : /^(?:node|bun|deno)/.test(program)
      ? /^--(?:eval|print)=([\s\S]+)$/
      : /^(?:python|pypy)/.test(program)
        ? /^-[bBdEiIOqsSuvx]*c([\s\S]+)$/
        : /^php/.test(program)
          ? /^-r([\s\S]+)$/
          : null;
  return cluster?.exec(flag)?.[1] ?? null;
}

/** Judges a program in another language: inline, from its input, or as a script. False when it is no interpreter. */
export function runInterpreter(
  program: string,
  command: ResolvedCommand,
  scope: Scope,
  shell: Shell,
): boolean {
  const inline = INTERPRETERS.find(([programs]) => programs.test(program))?.[1];
  if (!inline) return false;
  const args = command.words.slice(1);
  const [only] = args;
  if (args.length === 1 && only?.kind === 'literal' && isAboutItself(program, only.value)) {
    shell.add({ effect: 'read', marks: {}, why: `\`${program}\` tells its version` });
    return true;
  }
  const simple = {
    program,
    args,
    assignments: command.assignments,
    stdin: command.stdin,
    source: command.source,
  };
  const runs: Part = { effect: 'sandbox', marks: {}, why: `\`${program}\` runs a program`, findings: [] };
  // Flags of its own, such as those of a server, are in its table where it has one.
  judgeWrapperFlags(runs, simple, shell.contextOf(scope));
  shell.add(runs);
  if (/^(?:python|pypy)/.test(program) && runModule(command, scope, shell)) return true;
  let isInline = false;
  for (const [index, word] of args.entries()) {
    if (word.kind === 'unresolved') continue;
    const isFlag = inline.test(word.value);
    const attached = isFlag ? null : attachedCode(program, word.value);
    if (!isFlag && attached === null) continue;
    isInline = true;
    const code: Word | undefined = attached === null ? args[index + 1] : literalWord(attached);
    if (code?.kind === 'literal') judgeInlineCode(code.value, simple, scope, shell);
    else if (code)
      shell.ask('unresolved', `\`${program}\` is given a program that is not known before it runs`);
  }
  if (isInline) return true;
  const script = args.find((word) => !(word.kind === 'literal' && /^-./.test(word.value)));
  if (script && !(script.kind === 'literal' && script.value === '-')) {
    if (script.kind === 'unresolved')
      shell.ask('unresolved', `\`${program}\` is given a program that is not known before it runs`);
    // What a script is told to do may be plain: `manage.py flush`, `artisan migrate:fresh`.
    const task: SimpleCommand = {
      ...simple,
      program: script.kind === 'literal' ? script.value : program,
      args: args.slice(args.indexOf(script) + 1),
    };
    shell.add(judgeUnknown(task, shell.contextOf(scope)));
    for (const word of args.slice(0, args.indexOf(script) + 1)) {
      const part = { ...runs, marks: {}, findings: [] };
      judgePathLike(word, part, shell.contextOf(scope));
      shell.add(part);
    }
  } else if (command.stdin.kind === 'text') judgeInlineCode(command.stdin.text, simple, scope, shell);
  else if (command.stdin.kind === 'unknown')
    shell.ask('unresolved', `\`${program}\` is given a program that is not known before it runs`);
  return true;
}

function isAboutItself(program: string, flag: string): boolean {
  // Python's `-v` only makes it talk more.
  return (
    /^--(?:version|help)$/.test(flag) ||
    (flag === '-V' && /^(?:python|pypy)/.test(program)) ||
    (flag === '-v' && /^(?:node|perl|ruby|php|lua|julia)/.test(program))
  );
}

/** `python -m NAME` runs the program that a module is. */
function runModule(command: ResolvedCommand, scope: Scope, shell: Shell): boolean {
  const args = command.words.slice(1);
  const at = args.findIndex((word) => word.kind === 'literal' && /^-[bBdEIOqsSuvx]*m$/.test(word.value));
  const isFirst = args.slice(0, at).every((word) => word.kind === 'literal' && word.value.startsWith('-'));
  if (at < 0 || !isFirst || at + 1 >= args.length) return false;
  shell.run({ ...command, words: args.slice(at + 1) }, withoutNames(copyOf(scope)));
  return true;
}
