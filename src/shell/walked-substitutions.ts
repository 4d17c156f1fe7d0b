import type { SyntaxNode, WordPart } from 'unbash';
import { visibleText } from '../domain/visible-text';
import type { Substitutions } from './resolve-word';
import type { Scope } from './scope';
import type { Shell } from './shell';

/** What walks the scripts within words. */
export interface ScriptWalker {
  /** Walks the script of a substitution, and tells its output where it is known. */
  substituted(part: Parameters<Substitutions['outputOf']>[0], scope: Scope): string | null;
  /** Walks the scripts within tests and arithmetic. */
  inside(node: SyntaxNode, scope: Scope): void;
}

/** The substitutions in words of one scope. A class: one is made for every word, and closures cost more. */
export class WalkedSubstitutions implements Substitutions {
  constructor(
    private readonly walker: ScriptWalker,
    private readonly shell: Pick<Shell, 'ask'>,
    private readonly scope: Scope,
  ) {}

  outputOf(part: Parameters<Substitutions['outputOf']>[0]): string | null {
    return this.walker.substituted(part, this.scope);
  }

  inside(part: WordPart): void {
    this.walker.inside(part, this.scope);
  }

  doubt({ text }: WordPart): void {
    this.shell.ask('unresolved', `\`${visibleText(text, 100)}\` may run more than can be told`);
  }
}
