import {
  type AndOr,
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
import { changedBy, condition, leaves, loop, maybe, roundsOf } from './branches';
import { assign } from './builtins';
import { classifyPath } from './classify-path';
import { applyRedirections } from './redirections';
import { resolveText, resolveWord, type Substitutions } from './resolve-word';
import { copyOf, type FunctionBody, mergeInto, type Scope, settle, splitAtFailure, valuesOf } from './scope';
import type { Shell } from './shell';
import { type ScriptWalker, WalkedSubstitutions } from './walked-substitutions';
import { literalWord, type StandardInput, type Word } from './word';

/** Loops over known lists run once for each of so many values; longer ones once for any value. */
const MAX_ROUNDS = 20;

const NONE: StandardInput = { kind: 'none' };
const UNKNOWN: StandardInput = { kind: 'unknown' };

/** Walks the parts of a parsed script in the order bash would, and tells what they print where that is known. */
export class NodeWalker implements ScriptWalker {
  constructor(private readonly shell: Shell) {}

  statements(statements: readonly Statement[], scope: Scope, stdin: StandardInput): string | null {
    let output: string | null = '';
    for (const { command, background } of statements) {
      if (this.shell.isSpent()) return null;
      const printed = background
        ? this.shell.forked(() => this.node(command, copyOf(scope), NONE))
        : this.node(command, scope, stdin);
      settle(scope);
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
        scope.functions.set(node.name.value, { bodies: [node.body], isCertain: true });
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
        this.andOr(node, scope, stdin);
        return;
      case 'If':
        condition(scope, () => {
          this.list(node.clause, scope, stdin);
          for (const { clause } of node.elif) this.list(clause, scope, stdin);
        });
        maybe(
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
        if (node.initialize) this.inside(node.initialize, scope);
        loop(scope, this.shell, (branch) => {
          for (const each of [node.test, node.update]) if (each) this.inside(each, branch);
          this.list(node.body, branch, stdin);
        });
        return;
      case 'While':
        loop(scope, this.shell, (branch) => {
          condition(branch, () => this.list(node.clause, branch, stdin));
          this.list(node.body, branch, stdin);
        });
        return;
      case 'Case':
        for (const word of [node.word, ...node.items.flatMap((item) => item.pattern)])
          resolveText(word, scope, this.substitutions(scope));
        // With `;&` one body runs after another: then what any of them sets may hold in all.
        if (node.items.some((item) => item.terminator === ';&' || item.terminator === ';;&'))
          loop(scope, this.shell, (branch) => {
            for (const item of node.items) maybe([(each) => this.list(item.body, each, stdin)], branch);
          });
        else
          maybe(
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

  /** `&&` goes on where all before succeeded, `||` where something failed; afterwards either may hold. */
  private andOr(node: AndOr, scope: Scope, stdin: StandardInput): void {
    const last = node.commands.length - 1;
    let failed: Scope[] = [];
    for (const [index, each] of node.commands.entries()) {
      const operator = node.operators[index - 1];
      const run = (within: Scope) =>
        index === last
          ? this.node(each, within, stdin)
          : condition(within, () => this.node(each, within, stdin));
      if (operator === '||') {
        const other = splitAtFailure(scope);
        mergeInto(other, failed);
        run(other);
        if (!leaves(each, scope)) mergeInto(scope, [other]);
        failed = [];
      } else {
        if (operator === '&&') failed.push(splitAtFailure(scope));
        run(scope);
      }
    }
    const { ifFailed } = scope;
    mergeInto(scope, failed);
    scope.ifFailed = ifFailed;
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
    if (isKnown) {
      const branch = copyOf(scope);
      const rounds = literals.map((value) => {
        assign(node.name.value, value, branch, this.shell);
        mergeInto(branch, roundsOf(branch, () => this.list(node.body, branch, stdin)).slice(1));
        return copyOf(branch);
      });
      mergeInto(scope, rounds);
    } else
      loop(scope, this.shell, (branch) => {
        assign(node.name.value, null, branch, this.shell);
        this.list(node.body, branch, stdin);
      });
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
    if (words.length === 1 && source === 'exec' && input !== stdin)
      this.shell.ask('unresolved', '`exec` changes what later commands read, which is not followed');
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
            : literalWord(`${arg.name}=${value}`),
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
      const values = valuesOf(words);
      scope.variables.delete(node.name);
      scope.arrays.set(node.name, before && values ? [...before, ...values] : null);
    } else if (node.index) {
      resolveText(node.index, scope, this.substitutions(scope));
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
    return new WalkedSubstitutions(this, this.shell, scope);
  }

  /** Walks the script of a substitution, and tells its output where it is known. */
  substituted(
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
  inside(node: SyntaxNode, scope: Scope): void {
    const changed = changedBy(node);
    if (changed !== null) assign(changed, null, scope, this.shell);
    forEachChild(node, (child) => {
      if (child.type === 'CommandExpansion' || child.type === 'ProcessSubstitution')
        this.substituted(child, scope);
      else if (child.type === 'Script') this.statements(child.commands, copyOf(scope), NONE);
      else this.inside(child, scope);
    });
  }
}
