import type { Invocation } from '../invocation';
import { addReason, type PartDraft, shown, unresolved } from '../part-draft';
import type { Word } from '../word';

/**
 * `git checkout` changes the branch, or throws away what was not committed in the paths it is given. Which of the two
 * decides git by looking; here a single word counts as a path when it looks like one.
 */
export function gitCheckout({ command, operands, flags }: Invocation, draft: PartDraft): void {
  const creates = flags.some(({ names }) => names.some((name) => CREATING.has(name)));
  const dashes = command.args.findIndex((word) => word.kind === 'literal' && word.value === '--');
  const [first] = operands;
  const hasPaths =
    (dashes >= 0 && dashes < command.args.length - 1) ||
    (!creates && (operands.length > 1 || (first?.kind === 'literal' && looksLikePath(first))));
  if (hasPaths)
    addReason(draft, 'destructive', `\`${shown(command)}\` discards changes that were not committed`);
  else if (!creates && first?.kind === 'unresolved' && !/^[\w-]/.test(first.prefix))
    draft.findings.push(unresolved(command, first, 'may be a path whose changes it discards'));
}

const CREATING = new Set(['-b', '-B', '--orphan', '-t', '--track']);

function looksLikePath(word: Word & { kind: 'literal' }): boolean {
  const { value, hasGlob } = word;
  // `:/` and `:(…)` are git's own patterns; a short ending of letters is a file's, unlike that of `release-1.2`.
  return (
    hasGlob ||
    /^(?:\.{1,2}(?:\/|$)|\/|~|:[/(!^])/.test(value) ||
    /\/$|\.(?:[ch]|[A-Za-z]{2,5}\d?)$/.test(value)
  );
}
