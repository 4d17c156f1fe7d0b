import { posix } from 'node:path';
import type { JudgeContext } from '../domain/judgement';
import { visibleText } from '../domain/visible-text';
import { assign, runBuiltin } from './builtins';
import { runFind } from './find-command';
import { Gathering } from './gathering';
import { runInterpreter, runShell } from './interpreters';
import { judgeProgram } from './judge-program';
import { knownOutput } from './known-output';
import { NodeWalker } from './node-walker';
import { parseScript } from './parse-script';
import { SCRATCH, WORKSPACE } from './sandbox-places';
import { runSchedule } from './schedule';
import {
  copyOf,
  doubtNames,
  type FunctionBody,
  type FunctionMeaning,
  forgetAll,
  mergeInto,
  type Scope,
  valuesOf,
  variableOf,
} from './scope';
import type { ResolvedCommand, Shell } from './shell';
import type { CommandContext } from './simple-command';
import type { StandardInput, Word } from './word';
import { runWrapped } from './wrappers';
import { runXargs } from './xargs';

/** Most commands judged in one line, loops and functions unrolled, and deepest nesting of texts and calls. */
const MAX_COMMANDS = 400;
const MAX_DEPTH = 24;
/** Most characters parsed, texts within texts counted again. */
const MAX_CHARACTERS = 40_000;

/** Runs a command line in mind: what bash would run is judged, nothing is executed. */
export class Walker extends Gathering implements Shell {
  private readonly nodes = new NodeWalker(this);
  private commands = 0;
  private characters = 0;
  private depth = 0;
  private isStopped = false;
  /** Pipes and background jobs that are open: a function that calls itself within one multiplies. */
  private forks = 0;
  private readonly traps: { text: string | null; scope: Scope; source: string }[] = [];
  private readonly calls: { body: FunctionBody; forks: number; isRecursive: boolean }[] = [];

  constructor(private readonly settings: JudgeContext) {
    super();
  }

  contextOf(scope: Scope): CommandContext {
    return { ...this.settings, cwd: scope.cwd, otherFolders: scope.otherFolders };
  }

  isSpent(): boolean {
    return this.isStopped;
  }

  runText(text: string | null, scope: Scope, stdin: StandardInput, source: string): string | null {
    this.characters += text?.length ?? 0;
    if (this.characters > MAX_CHARACTERS) return this.stop();
    const parsed = text === null ? null : parseScript(text);
    if (parsed?.ok) return this.within(() => this.nodes.statements(parsed.script.commands, scope, stdin));
    this.add({ effect: 'sandbox', marks: {}, why: 'a shell runs text' });
    if (parsed) this.ask(parsed.rule, `\`${shown(text ?? '')}\` is not understood: ${parsed.problem}`);
    else this.ask('unresolved', `\`${shown(source)}\` gives a shell text that is not known before it runs`);
    return null;
  }

  runAtEnd(text: string | null, scope: Scope, source: string): void {
    this.traps.push({ text, scope, source });
  }

  /** Judges what runs when the shell ends; a trap that a branch has set sees what came after the branch as well. */
  finish(scope: Scope): void {
    for (const trap of this.traps.splice(0))
      for (const known of new Set([trap.scope, scope]))
        this.runText(trap.text, copyOf(known), { kind: 'none' }, trap.source);
  }

  run(command: ResolvedCommand, scope: Scope): string | null {
    const [first] = command.words;
    if (!first || this.isStopped) return null;
    if (++this.commands > MAX_COMMANDS) return this.stop();
    if (first.kind === 'unresolved' || (first.hasGlob && first.value !== '[')) {
      const program = shown(first.kind === 'literal' ? first.value : first.source);
      this.add({ effect: 'sandbox', marks: {}, why: 'it runs a program' });
      this.ask('unresolved', `the program \`${program}\` is not known before it runs`);
      return null;
    }
    for (const [name, value] of command.assignments) assign(name, value, copyOf(scope), this);
    scope.ifFailed = null;
    const name = first.value;
    const meaning = scope.functions.get(name);
    if (meaning?.isCertain && meaning.bodies.length === 1)
      return this.call(name, meaning.bodies[0]!, command, scope);
    if (meaning || scope.aliases.has(name)) {
      this.runDoubtful(name, meaning, command, scope);
      return null;
    }
    if (name !== '') this.runNamed(name, command, scope);
    if (name === 'printf') setByPrintf(command.words, scope, this);
    const own = command.assignments.get('TMPDIR');
    return knownOutput(command.words, command.stdin, {
      cwd: variableOf(scope, 'PWD'),
      scratch: own === undefined ? variableOf(scope, 'TMPDIR') : own,
    });
  }

  within<T>(work: () => T): T | null {
    if (this.depth >= MAX_DEPTH) return this.stop();
    this.depth++;
    try {
      return work();
    } finally {
      this.depth--;
    }
  }

  forked<T>(work: () => T): T {
    this.forks++;
    try {
      return work();
    } finally {
      this.forks--;
    }
  }

  /** A name that may stand for several things: each of them is judged. */
  private runDoubtful(
    name: string,
    meaning: FunctionMeaning | undefined,
    command: ResolvedCommand,
    scope: Scope,
  ): void {
    const branches: Scope[] = [];
    const branch = () => {
      const copy = copyOf(scope);
      branches.push(copy);
      return copy;
    };
    for (const body of meaning?.bodies ?? []) this.call(name, body, command, branch());
    // Only an interactive shell replaces aliases, or one that was told to.
    if (scope.aliases.has(name)) this.runAlias(name, command, branch());
    if (!meaning?.isCertain && name !== '') this.runNamed(name, command, branch());
    mergeInto(scope, branches);
  }

  /** A program of a usual folder is known by its name; one elsewhere may be anything of that name. */
  private runNamed(name: string, command: ResolvedCommand, scope: Scope): void {
    const { program, isElsewhere } = programOf(name, scope.cwd);
    if (isElsewhere) this.add({ effect: 'sandbox', marks: {}, why: `\`${shown(name)}\` is a program` });
    this.runProgram(program, command, scope);
  }

  private runProgram(program: string, command: ResolvedCommand, scope: Scope): void {
    if (runBuiltin(program, command, scope, this)) return;
    const isHandled = this.within(
      () =>
        runShell(program, command, scope, this) ||
        runFind(program, command, scope, this) ||
        runXargs(program, command, scope, this) ||
        runSchedule(program, command, scope, this) ||
        runWrapped(program, command, scope, this) ||
        runInterpreter(program, command, scope, this),
    );
    if (isHandled !== false) return;
    const { words, stdin, source } = command;
    // Whether a variable was exported is not followed: it counts as if it were.
    const assignments =
      command.assignments.size === 0
        ? scope.variables
        : new Map([...scope.variables, ...command.assignments]);
    this.add(
      judgeProgram({ program, args: words.slice(1), assignments, stdin, source }, this.contextOf(scope)),
    );
  }

  /** An alias is text put in place of its name. */
  private runAlias(name: string, command: ResolvedCommand, scope: Scope): string | null {
    const inner = copyOf(scope);
    inner.aliases.delete(name);
    inner.functions.delete(name);
    const text = scope.aliases.get(name) ?? null;
    const words = command.words.slice(1);
    if (text === null || !words.every((word) => word.kind === 'literal'))
      return this.runText(text, inner, command.stdin, command.source);
    const rest = words.map((word) =>
      word.kind === 'literal' ? `'${word.value.replaceAll("'", `'\\''`)}'` : '',
    );
    return this.runText([text, ...rest].join(' '), inner, command.stdin, command.source);
  }

  private call(name: string, body: FunctionBody, command: ResolvedCommand, scope: Scope): string | null {
    const outer = this.calls.find((call) => call.body === body);
    if (outer) {
      outer.isRecursive = true;
      if (this.forks > outer.forks)
        this.add({
          effect: 'sandbox',
          marks: { catastrophic: `\`${name}\` starts itself again and again` },
          why: 'it runs a function',
        });
      return null;
    }
    const before = scope.positional;
    scope.positional = valuesOf(command.words.slice(1));
    const { locals, endings } = scope;
    const returns: Scope[] = [];
    scope.locals = new Map();
    scope.endings = { returns, rounds: endings?.rounds ?? [] };
    const output = this.withAssignments(command, scope, () => {
      const call = { body, forks: this.forks, isRecursive: false };
      this.calls.push(call);
      try {
        const printed = this.within(() => this.nodes.body(body, scope, command.stdin));
        if (!call.isRecursive) return printed;
        // The calls within it have other arguments, and see what those before them left.
        forgetAll(scope);
        this.within(() => this.nodes.body(body, scope, { kind: 'unknown' }));
        forgetAll(scope);
        // Too deep a call ends the line, and not all of this was run.
        doubtNames(scope);
        return null;
      } finally {
        this.calls.pop();
      }
    });
    mergeInto(scope, returns);
    restore(scope, scope.locals);
    scope.locals = locals;
    scope.endings = endings;
    scope.positional = before;
    return output;
  }

  /** Variables set for one command are seen by the function or text that it runs, and gone afterwards. */
  withAssignments<T>(command: ResolvedCommand, scope: Scope, work: () => T): T {
    const before = new Map([...command.assignments.keys()].map((name) => [name, scope.variables.get(name)]));
    for (const [name, value] of command.assignments)
      scope.variables.set(name, scope.frozen.has(name) ? null : value);
    const result = work();
    restore(scope, before);
    return result;
  }

  private stop(): null {
    this.isStopped = true;
    this.add({ effect: 'sandbox', marks: {}, why: 'it runs many commands' });
    this.ask('too-long', 'the command does more than can be looked at');
    return null;
  }
}

function shown(text: string): string {
  return visibleText(text, 100);
}

/** `printf -v NAME` sets a variable. */
function setByPrintf(words: readonly Word[], scope: Scope, shell: Shell): void {
  const [, flag, target] = words;
  const attached = flag?.kind === 'literal' && /^-v./.test(flag.value) ? flag.value.slice(2) : null;
  const name =
    attached ??
    (flag?.kind === 'literal' && flag.value === '-v' && target?.kind === 'literal' ? target.value : '');
  if (/^[A-Za-z_]\w*$/.test(name)) assign(name, null, scope, shell);
  else if (name !== '')
    shell.ask('unresolved', `\`${shown(name)}\` is set by \`printf\`, which is not followed`);
}

function restore(scope: Scope, values: ReadonlyMap<string, string | null | undefined>): void {
  for (const [name, value] of values)
    if (value === undefined) scope.variables.delete(name);
    else scope.variables.set(name, value);
}

/** `rm` of `/usr/bin/rm`; a program of the workspace keeps its path, since its name means nothing. */
function programOf(name: string, cwd: string | null): { program: string; isElsewhere: boolean } {
  if (!name.includes('/')) return { program: name, isElsewhere: false };
  const path = name.startsWith('/') || cwd === null ? posix.normalize(name) : posix.join(cwd, name);
  if (isIn(path, WORKSPACE) || isIn(path, SCRATCH)) return { program: name, isElsewhere: false };
  const usual = /^\/(?:usr\/)?(?:local\/)?s?bin\/[^/]+$/.test(path);
  return { program: posix.basename(path), isElsewhere: !usual };
}

function isIn(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`);
}
