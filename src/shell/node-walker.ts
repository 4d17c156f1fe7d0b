import {
  type Assignment,
  type Command,
  type CompoundList,
  forEachChild,
  type PipelineNode,
  type Statement,
  type SyntaxNode,
  type Word as WordNode,
  type WordPart,
} from 'unbash';
import { visibleText } from '../domain/visible-text';
import { assign } from './builtins';
import { classifyPath } from './classify-path';
import { applyRedirections } from './redirections';
import { resolveText, resolveWord, type Substitutions } from './resolve-word';
import { copyOf, type FunctionBody, mergeInto, type Scope } from './scope';
import type { Shell } from './shell';
import type { StandardInput, Word } from './word';

/** Loops over known lists run once for each of so many values; longer ones once for any value. */
const MAX_ROUNDS = 20;

const NONE: StandardInput = { kind: 'none' };
const UNKNOWN: StandardInput = { kind: 'unknown' };

/** Walks the parts of a parsed script in the order bash would, and tells what they print where that is known. */
export class NodeWalker {
  constructor(private readonly shell: Shell) {}

  statements(statements: readonly Statement[], scope: Scope, stdin: StandardInput): string | null {
    let output: string | null = '';
    for (const { command, background } of statements) {
      if (this.shell.isSpent()) return null;
      const printed = background
        ? this.shell.forked(() => this.node(command, copyOf(scope), NONE))
        : this.node(command, scope, stdin);
      output = output === null || printed === null ? null : output + printed;
    }
    return output;
  }

  body(body: FunctionBody, scope: Scope, stdin: StandardInput): string | null {
    return body.type === 'CompoundList' ? this.list(body, scope, stdin) : this.node(body, scope, stdin);
  }

  private list(list: CompoundList, scope: Scope, stdin: StandardInput): string | null {
    return this.statements(list.commands, scope, stdin);
  }

  private node(node: Statement['command'], scope: Scope, stdin: StandardInput): string | null {
    switch (node.type) {
      case 'Command':
        return this.command(node, scope, stdin);
      case 'Pipeline':
        return this.pipeline(node.commands, scope, stdin);
      case 'Subshell':
        return this.list(node.body, copyOf(scope), stdin);
      case 'BraceGroup':
        return this.list(node.body, scope, stdin);
      case 'Redirected': {
        const input = applyRedirections(node.redirects, stdin, scope, this.shell, this.substitutions(scope));
        const output = this.node(node.command, scope, input);
        return node.redirects.some((each) => each.type === 'Redirect') ? null : output;
      }
      case 'Function':
        scope.functions.set(node.name.value, node.body);
        return '';
      default:
        this.branching(node, scope, stdin);
        return null;
    }
  }

  /** What runs some of its parts, perhaps, or again and again. */
  private branching(
    node: Exclude<
      Statement['command'],
      { type: 'Command' | 'Pipeline' | 'Subshell' | 'BraceGroup' | 'Redirected' | 'Function' }
    >,
    scope: Scope,
    stdin: StandardInput,
  ): void {
    switch (node.type) {
      case 'AndOr':
        for (const [index, each] of node.commands.entries()) {
          // After `cd x && …` the next command runs only where `cd` did: the chain is read as one.
          if (index === 0 || node.operators[index - 1] === '&&') this.node(each, scope, stdin);
          else this.maybe([(branch) => this.node(each, branch, stdin)], scope);
        }
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
        this.loopOver(node, scope, stdin);
        return;
      case 'ArithmeticFor':
        for (const each of [node.initialize, node.test, node.update]) if (each) this.inside(each, scope);
        this.loop(scope, node.body, (branch) => this.list(node.body, branch, stdin));
        return;
      case 'While':
        this.loop(scope, node, (branch) => {
          this.list(node.clause, branch, stdin);
          this.list(node.body, branch, stdin);
        });
        return;
      case 'Case':
        resolveText(node.word, scope, this.substitutions(scope));
        this.maybe(
          node.items.map((item) => (branch: Scope) => this.list(item.body, branch, stdin)),
          scope,
        );
        return;
      case 'Coproc':
        this.shell.forked(() => this.body(node.body as FunctionBody, copyOf(scope), NONE));
        return;
      case 'TestCommand':
      case 'ArithmeticCommand':
        this.inside(node, scope);
        return;
      default:
        node satisfies never;
    }
  }

  /** Branches that may or may not run: what they set is known afterwards only where all agree. */
  private maybe(branches: readonly ((scope: Scope) => unknown)[], scope: Scope): void {
    const scopes = branches.map(() => copyOf(scope));
    for (const [index, branch] of branches.entries()) branch(scopes[index]!);
    mergeInto(scope, scopes);
  }

  private loopOver(
    node: Statement['command'] & { type: 'For' | 'Select' },
    scope: Scope,
    stdin: StandardInput,
  ): void {
    const words = node.wordlist?.flatMap((word) => resolveWord(word, scope, this.substitutions(scope)));
    const literals = words?.flatMap((word) => (word.kind === 'literal' && !word.hasGlob ? word.value : []));
    const isKnown =
      node.type === 'For' && words && literals?.length === words.length && words.length <= MAX_ROUNDS;
    // A glob lists a folder, whatever is done with the names.
    for (const word of words ?? [])
      if (word.kind === 'unresolved' || word.hasGlob) {
        const { marks, findings } = classifyPath(word, 'read', this.shell.contextOf(scope));
        this.shell.add({ effect: 'read', marks, findings, why: 'it lists a folder' });
      }
    this.loop(scope, node.body, (branch) => {
      for (const value of isKnown ? literals : [null]) {
        assign(node.name.value, value, branch, this.shell);
        this.list(node.body, branch, stdin);
      }
    });
  }

  /** What a loop's body sets is unknown within it: an earlier round may have set it. */
  private loop(scope: Scope, node: SyntaxNode, round: (branch: Scope) => unknown): void {
    const branch = copyOf(scope);
    for (const name of assignedIn(node)) branch.variables.set(name, null);
    round(branch);
    mergeInto(scope, [branch]);
  }

  private pipeline(commands: readonly PipelineNode[], scope: Scope, stdin: StandardInput): string | null {
    const [only] = commands;
    if (only && commands.length === 1) return this.node(only, scope, stdin);
    return this.shell.forked(() => {
      let input = stdin;
      let output: string | null = null;
      for (const node of commands) {
        output = this.node(node, copyOf(scope), input);
        input = output === null ? UNKNOWN : { kind: 'text', text: output };
      }
      return output;
    });
  }

  private command(node: Command, scope: Scope, stdin: StandardInput): string | null {
    const input = applyRedirections(node.redirects, stdin, scope, this.shell, this.substitutions(scope));
    const prefix = node.prefix.filter((each): each is Assignment => each.type === 'Assignment');
    if (!node.name) {
      for (const each of prefix) this.assignment(each, scope);
      return '';
    }
    const words = this.wordsOf(node.name, node, scope);
    const assignments = new Map(prefix.map((each) => [each.name, this.valueOfAssignment(each, scope)]));
    const source = words.map((word) => (word.kind === 'literal' ? word.value : word.source)).join(' ');
    const output = this.shell.run({ words, assignments, stdin: input, source }, scope);
    return node.redirects.some((each) => each.type === 'Redirect') ? null : output;
  }

  private wordsOf(name: WordNode, node: Command, scope: Scope): Word[] {
    const substitutions = this.substitutions(scope);
    const words = resolveWord(name, scope, substitutions);
    for (const arg of node.args) {
      if (arg.type === 'Word') words.push(...resolveWord(arg, scope, substitutions));
      else if (arg.value.type === 'ArrayValue') this.assignment(arg, scope);
      else {
        const value = this.valueOfAssignment(arg, scope);
        words.push(
          value === null
            ? { kind: 'unresolved', source: arg.text, prefix: `${arg.name}=`, maySplit: false }
            : { kind: 'literal', value: `${arg.name}=${value}`, hasGlob: false },
        );
      }
    }
    return words;
  }

  private assignment(node: Assignment, scope: Scope): void {
    if (node.value.type === 'ArrayValue') {
      const substitutions = this.substitutions(scope);
      const words = node.value.elements.flatMap((each) => resolveWord(each, scope, substitutions));
      const before = node.append ? scope.arrays.get(node.name) : [];
      const isKnown = before && words.every((word) => word.kind === 'literal' || !word.maySplit);
      const values = words.map((word) => (word.kind === 'literal' ? word.value : null));
      scope.variables.delete(node.name);
      scope.arrays.set(node.name, isKnown ? [...before, ...values] : null);
    } else if (node.index) {
      resolveText(node.value, scope, this.substitutions(scope));
      scope.arrays.set(node.name, null);
    } else assign(node.name, this.valueOfAssignment(node, scope), scope, this.shell);
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
      this.shell.ask('unparsable', `\`${visibleText(part.text, 100)}\` is not understood`);
      return null;
    }
    const stdin = part.type === 'ProcessSubstitution' && part.operator === '>' ? UNKNOWN : NONE;
    const output = this.shell.within(() => this.statements(script.commands, copyOf(scope), stdin));
    return output === null ? null : output.replace(/\n+$/, '');
  }

  /** Substitutions inside tests and arithmetic run too. */
  private inside(node: SyntaxNode, scope: Scope): void {
    forEachChild(node, (child) => {
      if (child.type === 'CommandExpansion' || child.type === 'ProcessSubstitution')
        this.substituted(child, scope);
      else if (child.type === 'Script') this.statements(child.commands, copyOf(scope), NONE);
      else this.inside(child, scope);
    });
  }
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
