import {
  type ArithmeticExpression,
  type Assignment,
  type Command,
  type CompoundList,
  forEachChild,
  type ParsedScript,
  type PipelineNode,
  type Statement,
  type SyntaxNode,
  type Word as WordNode,
  type WordPart,
} from 'unbash';
import type { JudgeContext } from '../domain/judgement';
import { visibleText } from '../domain/visible-text';
import { assign, runBuiltin } from './builtins';
import { runFind } from './find-command';
import { runInterpreter, runShell } from './interpreters';
import { judgeProgram } from './judge-program';
import { knownOutput } from './known-output';
import { parseScript } from './parse-script';
import { addPart } from './part-draft';
import { applyRedirections } from './redirections';
import { resolveText, resolveWord, type Substitutions } from './resolve-word';
import { copyOf, type FunctionBody, mergeInto, type Scope } from './scope';
import type { ResolvedCommand, Shell } from './shell';
import type { CommandContext, Part } from './simple-command';
import type { StandardInput, Word } from './word';
import { runWrapped, runXargs } from './wrappers';

/** Most commands judged in one line, loops and functions unrolled, and deepest nesting of texts and calls. */
const MAX_COMMANDS = 2_000;
const MAX_DEPTH = 24;
/** Loops over known lists run once for each of so many values. */
const MAX_ROUNDS = 50;

const NONE: StandardInput = { kind: 'none' };
const UNKNOWN: StandardInput = { kind: 'unknown' };

/** Walks a parsed command line as bash would run it, and gathers what its parts do. */
export class Walker implements Shell {
  private gathered: GatheredPart = nothing();
  private commands = 0;
  private depth = 0;
  /** Pipes and background jobs that are open: a function that calls itself within one multiplies. */
  private forks = 0;
  private readonly calls: { name: string; forks: number }[] = [];

  constructor(readonly settings: JudgeContext) {}

  get result(): Part {
    return this.gathered;
  }

  contextOf(scope: Scope): CommandContext {
    return { ...this.settings, cwd: scope.cwd };
  }

  add(part: Part) {
    addPart(this.gathered, part);
    for (const flag of part.approvalFlags ?? [])
      if (!this.gathered.approvalFlags.includes(flag)) this.gathered.approvalFlags.push(flag);
  }

  ask(rule: string, message: string) {
    this.add({
      effect: 'read',
      marks: {},
      why: '',
      findings: [{ verdict: 'ask', layer: 'commands', rule, message }],
    });
  }

  collect(work: () => void): Part {
    const outer = this.gathered;
    this.gathered = nothing();
    try {
      work();
      return this.gathered;
    } finally {
      this.gathered = outer;
    }
  }

  runText(text: string | null, scope: Scope, stdin: StandardInput, source: string) {
    if (text === null) {
      this.add({ effect: 'sandbox', marks: {}, why: 'a shell runs text' });
      return this.ask(
        'unresolved',
        `\`${shown(source)}\` gives a shell text that is not known before it runs`,
      );
    }
    const parsed = parseScript(text);
    if (!parsed.ok) {
      this.add({ effect: 'sandbox', marks: {}, why: 'a shell runs text' });
      return this.ask(parsed.rule, `\`${shown(text)}\` is not understood: ${parsed.problem}`);
    }
    this.within(() => this.statements(parsed.script.commands, scope, stdin));
  }

  run(command: ResolvedCommand, scope: Scope) {
    const [first] = command.words;
    if (!first) return;
    if (++this.commands > MAX_COMMANDS) return this.tooMuch();
    if (first.kind === 'unresolved' || first.hasGlob) {
      this.add({ effect: 'sandbox', marks: {}, why: 'it runs a program' });
      return this.ask(
        'unresolved',
        `the program \`${shown(first.kind === 'literal' ? first.value : first.source)}\` is not known before it runs`,
      );
    }
    for (const [name, value] of command.assignments) assign(name, value, copyOf(scope), this);
    const name = first.value;
    if (name === '') return;
    const body = scope.functions.get(name);
    if (body) return this.call(name, body, command, scope);
    if (scope.aliases.has(name)) return this.runAlias(name, command, scope);
    const program = programOf(name);
    const isHandled =
      runBuiltin(program, command, scope, this) ||
      this.within(
        () =>
          runShell(program, command, scope, this) ||
          runFind(program, command, scope, this) ||
          runXargs(program, command, scope, this) ||
          runWrapped(program, command, scope, this) ||
          runInterpreter(program, command, scope, this),
      );
    if (isHandled) return;
    const { stdin, source } = command;
    // Whether a variable was exported is not followed: it counts as if it were.
    const assignments = new Map([...scope.variables, ...command.assignments]);
    this.add(
      judgeProgram(
        { program, args: command.words.slice(1), assignments, stdin, source },
        this.contextOf(scope),
      ),
    );
  }

  private runAlias(name: string, command: ResolvedCommand, scope: Scope) {
    const text = scope.aliases.get(name) ?? null;
    const inner = copyOf(scope);
    inner.aliases.delete(name);
    const parsed = text === null ? null : parseScript(text);
    const only = parsed?.ok ? simpleCommandOf(parsed.script) : null;
    if (!only) return this.runText(text, inner, command.stdin, command.source);
    const words = [only.name, ...only.args]
      .filter((node) => node?.type === 'Word')
      .flatMap((node) => resolveWord(node as WordNode, inner, this.substitutions(inner)));
    this.run({ ...command, words: [...words, ...command.words.slice(1)] }, inner);
  }

  private call(name: string, body: FunctionBody, command: ResolvedCommand, scope: Scope) {
    const outer = this.calls.find((call) => call.name === name);
    if (outer) {
      if (this.forks > outer.forks)
        this.add({
          effect: 'sandbox',
          marks: { catastrophic: `\`${name}\` starts itself again and again` },
          why: 'it runs a function',
        });
      return;
    }
    const positional = command.words.slice(1).some((word) => word.kind === 'unresolved' && word.maySplit)
      ? null
      : command.words.slice(1).map((word) => (word.kind === 'literal' ? word.value : null));
    const before = scope.positional;
    scope.positional = positional;
    this.calls.push({ name, forks: this.forks });
    this.within(() => this.body(body, scope, command.stdin));
    this.calls.pop();
    scope.positional = before;
  }

  private within<T>(work: () => T): T {
    if (this.depth >= MAX_DEPTH) {
      this.tooMuch();
      return true as T;
    }
    this.depth++;
    try {
      return work();
    } finally {
      this.depth--;
    }
  }

  private tooMuch() {
    if (this.gathered.findings.some((finding) => finding.rule === 'too-long')) return;
    this.add({ effect: 'sandbox', marks: {}, why: 'it runs many commands' });
    this.ask('too-long', 'the command does more than can be looked at');
  }

  private statements(statements: readonly Statement[], scope: Scope, stdin: StandardInput) {
    for (const { command, background } of statements) {
      if (this.commands > MAX_COMMANDS) return;
      if (background) this.forked(() => this.node(command, copyOf(scope), NONE));
      else this.node(command, scope, stdin);
    }
  }

  private forked(work: () => void) {
    this.forks++;
    work();
    this.forks--;
  }

  private list(list: CompoundList, scope: Scope, stdin: StandardInput) {
    this.statements(list.commands, scope, stdin);
  }

  private body(body: FunctionBody, scope: Scope, stdin: StandardInput) {
    if (body.type === 'CompoundList') this.list(body, scope, stdin);
    else this.node(body, scope, stdin);
  }

  private node(node: Statement['command'], scope: Scope, stdin: StandardInput): void {
    switch (node.type) {
      case 'Command':
        this.command(node, scope, stdin);
        return;
      case 'Pipeline':
        this.pipeline(node.commands, scope, stdin);
        return;
      case 'AndOr':
        for (const [index, each] of node.commands.entries()) {
          if (index === 0) this.node(each, scope, stdin);
          else
            this.maybe(
              [(branch) => this.node(each, branch, stdin)],
              scope,
              node.operators[index - 1] === '&&',
            );
        }
        return;
      case 'Redirected': {
        const input = applyRedirections(node.redirects, stdin, scope, this, this.substitutions(scope));
        this.node(node.command, scope, input);
        return;
      }
      case 'Subshell':
        this.list(node.body, copyOf(scope), stdin);
        return;
      case 'BraceGroup':
        this.list(node.body, scope, stdin);
        return;
      case 'If':
        this.list(node.clause, scope, stdin);
        for (const { clause } of node.elif) this.list(clause, scope, stdin);
        this.maybe(
          [node.then, ...node.elif.map((each) => each.then), ...(node.else ? [node.else] : [])].map(
            (list) => (branch: Scope) => this.list(list, branch, stdin),
          ),
          scope,
        );
        return;
      case 'For':
      case 'Select':
        this.loopOver(
          node.name.value,
          node.type === 'For' ? node.wordlist : undefined,
          node.body,
          scope,
          stdin,
        );
        return;
      case 'ArithmeticFor':
        for (const each of [node.initialize, node.test, node.update]) if (each) this.arithmetic(each, scope);
        this.loop(scope, node.body, (branch) => this.list(node.body, branch, stdin));
        return;
      case 'While':
        this.loop(scope, node, (branch) => {
          this.list(node.clause, branch, stdin);
          this.list(node.body, branch, stdin);
        });
        return;
      case 'Case': {
        resolveText(node.word, scope, this.substitutions(scope));
        this.maybe(
          node.items.map((item) => (branch: Scope) => this.list(item.body, branch, stdin)),
          scope,
        );
        return;
      }
      case 'Function':
        scope.functions.set(node.name.value, node.body);
        return;
      case 'Coproc':
        this.forked(() => this.body(node.body as FunctionBody, copyOf(scope), NONE));
        return;
      case 'TestCommand':
      case 'ArithmeticCommand':
        this.inner(node, scope);
        return;
      default:
        node satisfies never;
    }
  }

  /** Branches that may or may not run: what they set is known afterwards only where all agree. */
  private maybe(branches: readonly ((scope: Scope) => void)[], scope: Scope, isLikely = false) {
    const scopes = branches.map(() => copyOf(scope));
    for (const [index, branch] of branches.entries()) branch(scopes[index]!);
    const [only] = scopes;
    // After `cd x && …` the next command runs only where `cd` did: the chain is read as one.
    if (isLikely && only && scopes.length === 1) Object.assign(scope, only);
    else mergeInto(scope, scopes);
  }

  private loopOver(
    name: string,
    wordlist: readonly WordNode[] | undefined,
    body: CompoundList,
    scope: Scope,
    stdin: StandardInput,
  ) {
    const words = wordlist?.flatMap((word) => resolveWord(word, scope, this.substitutions(scope)));
    const isKnown =
      words !== undefined &&
      words.length <= MAX_ROUNDS &&
      words.every((word) => word.kind === 'literal' && !word.hasGlob);
    const values = isKnown ? words.map((word) => (word.kind === 'literal' ? word.value : null)) : [null];
    this.loop(scope, body, (branch) => {
      for (const value of values) {
        assign(name, value, branch, this);
        this.list(body, branch, stdin);
      }
    });
  }

  /** What a loop's body sets is unknown within it: an earlier round may have set it. */
  private loop(scope: Scope, node: SyntaxNode, round: (branch: Scope) => void) {
    const branch = copyOf(scope);
    for (const name of assignedIn(node)) branch.variables.set(name, null);
    round(branch);
    mergeInto(scope, [branch]);
  }

  private pipeline(commands: readonly PipelineNode[], scope: Scope, stdin: StandardInput) {
    if (commands.length === 1) {
      this.node(commands[0]!, scope, stdin);
      return;
    }
    this.forked(() => {
      let input = stdin;
      for (const node of commands) {
        const output = this.outputOf(node, scope, input);
        this.node(node, copyOf(scope), input);
        input = output === null ? UNKNOWN : { kind: 'text', text: output };
      }
    });
  }

  private command(node: Command, scope: Scope, stdin: StandardInput) {
    const substitutions = this.substitutions(scope);
    const input = applyRedirections(node.redirects, stdin, scope, this, substitutions);
    const prefix = node.prefix.filter((each): each is Assignment => each.type === 'Assignment');
    if (!node.name) {
      for (const each of prefix) this.assignment(each, scope);
      return;
    }
    const words = this.wordsOf(node, scope, substitutions);
    const assignments = new Map(prefix.map((each) => [each.name, this.valueOfAssignment(each, scope)]));
    this.run({ words, assignments, stdin: input, source: this.sourceOf(words) }, scope);
  }

  private wordsOf(node: Command, scope: Scope, substitutions: Substitutions): Word[] {
    if (!node.name) return [];
    const words = resolveWord(node.name, scope, substitutions);
    for (const arg of node.args) {
      if (arg.type === 'Word') words.push(...resolveWord(arg, scope, substitutions));
      else if (arg.value.type === 'ArrayValue') this.assignment(arg, scope);
      else {
        const value = this.valueOfAssignment(arg, scope);
        words.push(
          value === null
            ? { kind: 'unresolved', source: arg.text, prefix: `${arg.name}=`, maySplit: false }
            : { kind: 'literal', value: `${arg.name}${arg.append ? '+' : ''}=${value}`, hasGlob: false },
        );
      }
    }
    return words;
  }

  private sourceOf(words: readonly Word[]): string {
    return words.map((word) => (word.kind === 'literal' ? word.value : word.source)).join(' ');
  }

  private assignment(node: Assignment, scope: Scope) {
    if (node.value.type === 'ArrayValue') {
      const words = node.value.elements.flatMap((each) =>
        resolveWord(each, scope, this.substitutions(scope)),
      );
      const isKnown = words.every((word) => word.kind === 'literal' || !word.maySplit);
      const before = node.append ? scope.arrays.get(node.name) : [];
      scope.variables.delete(node.name);
      scope.arrays.set(
        node.name,
        isKnown && before
          ? [...before, ...words.map((word) => (word.kind === 'literal' ? word.value : null))]
          : null,
      );
      return;
    }
    const value = this.valueOfAssignment(node, scope);
    if (node.index) scope.arrays.set(node.name, null);
    else assign(node.name, value, scope, this);
  }

  private valueOfAssignment(node: Assignment, scope: Scope): string | null {
    if (node.value.type === 'ArrayValue') return null;
    const value = resolveText(node.value, scope, this.substitutions(scope));
    if (!node.append) return value;
    const before = scope.variables.get(node.name) ?? null;
    return before === null || value === null ? null : before + value;
  }

  private substitutions(scope: Scope): Substitutions {
    return { outputOf: (part) => this.substituted(part, scope) };
  }

  /** Walks the script of a substitution, and tells its output where it is known. */
  private substituted(
    part: WordPart & { type: 'CommandExpansion' | 'ProcessSubstitution' },
    scope: Scope,
  ): string | null {
    const { script } = part;
    if (!script || script.errors?.length) {
      this.ask('unparsable', `\`${shown(part.text)}\` is not understood`);
      return null;
    }
    return this.within(() => {
      const inner = copyOf(scope);
      const [only, ...more] = script.commands;
      const output =
        only && more.length === 0 && !only.background ? this.outputOf(only.command, inner, NONE) : null;
      this.statements(
        script.commands,
        inner,
        part.type === 'ProcessSubstitution' && part.operator === '>' ? UNKNOWN : NONE,
      );
      return typeof output === 'string' ? output.replace(/\n+$/, '') : null;
    });
  }

  /** What a node prints, where it can be told without running it; nothing is judged here. */
  private outputOf(node: Statement['command'], scope: Scope, stdin: StandardInput): string | null {
    let output: string | null = null;
    const commands = this.commands;
    this.collect(() => {
      if (node.type === 'Pipeline') {
        let input = stdin;
        for (const each of node.commands) {
          output = this.outputOf(each, scope, input);
          if (output === null) return;
          input = { kind: 'text', text: output };
        }
      } else if (
        node.type === 'Command' &&
        node.name &&
        node.redirects.every((each) => each.type !== 'Redirect')
      ) {
        const inner = copyOf(scope);
        const input = applyRedirections(node.redirects, stdin, inner, this, this.substitutions(inner));
        const words = this.wordsOf(node, inner, this.substitutions(inner));
        const [first] = words;
        if (first?.kind === 'literal' && !scope.functions.has(first.value) && !scope.aliases.has(first.value))
          output = knownOutput(words, input, scope.cwd);
      }
    });
    this.commands = commands;
    return output;
  }

  /** Substitutions inside tests and arithmetic run too. */
  private inner(node: SyntaxNode, scope: Scope) {
    forEachChild(node, (child) => {
      if (child.type === 'CommandExpansion' || child.type === 'ProcessSubstitution')
        this.substituted(child, scope);
      else if (child.type === 'ArithmeticCommandExpansion') {
        if (child.script) this.statements(child.script.commands, copyOf(scope), NONE);
      } else if (child.type !== 'Script') this.inner(child, scope);
    });
  }

  private arithmetic(expression: ArithmeticExpression, scope: Scope) {
    this.inner(expression, scope);
  }
}

type GatheredPart = Required<Part>;

function nothing(): GatheredPart {
  return { effect: 'read', marks: {}, why: 'it only reads', findings: [], approvalFlags: [] };
}

function shown(text: string): string {
  return visibleText(text, 100);
}

/** `rm` of `/usr/bin/rm`; a program of the workspace keeps its path, since its name means nothing. */
function programOf(name: string): string {
  const found = /^\/(?:usr\/)?(?:local\/)?s?bin\/([^/]+)$/.exec(name);
  return found?.[1] ?? name;
}

function simpleCommandOf(script: ParsedScript): Command | null {
  const [only, ...more] = script.commands;
  return only?.command.type === 'Command' && more.length === 0 && !only.background ? only.command : null;
}

function assignedIn(node: SyntaxNode): Set<string> {
  const names = new Set<string>();
  const visit = (each: SyntaxNode) => {
    if (each.type === 'Assignment') names.add(each.name);
    forEachChild(each, visit);
  };
  visit(node);
  return names;
}
