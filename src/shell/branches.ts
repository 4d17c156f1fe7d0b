import type { PipelineNode, Statement, SyntaxNode } from 'unbash';
import { copyOf, forgetAll, knowsSame, mergeInto, type Scope, settle } from './scope';
import type { Shell } from './shell';

/** Branches that may or may not run: what they set is known afterwards only where all agree. */
export function maybe(branches: readonly ((scope: Scope) => unknown)[], scope: Scope): void {
  const scopes = branches.map(() => copyOf(scope));
  for (const [index, branch] of branches.entries()) branch(scopes[index]!);
  mergeInto(scope, scopes);
}

/** Rounds are walked until another one adds nothing: what they change is unknown then. */
export function loop(scope: Scope, shell: Pick<Shell, 'isSpent'>, round: (branch: Scope) => unknown): void {
  for (let count = 0; count < 3; count++) {
    const before = copyOf(scope);
    const branch = copyOf(scope);
    mergeInto(
      scope,
      roundsOf(branch, () => round(branch)),
    );
    if (shell.isSpent() || knowsSame(before, scope)) return;
  }
  forgetAll(scope);
  round(copyOf(scope));
}

/** How a round may have ended: at its end, or where something left it. */
export function roundsOf(branch: Scope, round: () => unknown): Scope[] {
  const { endings } = branch;
  const rounds: Scope[] = [];
  branch.endings = { returns: endings?.returns ?? [], rounds };
  round();
  settle(branch);
  branch.endings = endings;
  return [branch, ...rounds.map((each) => ({ ...each, endings }))];
}

/** Where failing ends nothing, in spite of `set -e`. */
export function condition<T>(scope: Scope, work: () => T): T {
  const { ignoresFailure } = scope;
  scope.ignoresFailure = true;
  try {
    return work();
  } finally {
    scope.ignoresFailure = ignoresFailure;
  }
}

/** Whether what follows does not run after this. */
export function leaves(node: PipelineNode | Statement['command'], scope: Scope): boolean {
  if (node.type === 'BraceGroup') {
    const last = node.body.commands.at(-1);
    return last !== undefined && !last.background && leaves(last.command, scope);
  }
  if (node.type !== 'Command' || !node.name) return false;
  const { value, text } = node.name;
  return value === text && /^(?:exit|return|break|continue)$/.test(value) && !scope.functions.has(value);
}

/** The variable that an arithmetic expression changes, if it is one that does. */
export function changedBy(node: SyntaxNode): string | null {
  const target =
    node.type === 'ArithmeticBinary' && /^(?:[-+*/%&|^]|<<|>>)?=$/.test(node.operator)
      ? node.left
      : node.type === 'ArithmeticUnary' && /^(?:\+\+|--)$/.test(node.operator)
        ? node.operand
        : null;
  return target?.type === 'ArithmeticWord' ? target.value.replace(/\[.*$/s, '') : null;
}
