import type { ApprovalOutcome, QuestionOutcome } from './approval';
import { visibleText } from './visible-text';

/** How an approval ended, in words. */
export function describeApproval(outcome: ApprovalOutcome): string {
  switch (outcome.kind) {
    case 'approved':
      return `approved by ${outcome.by.map(shown).join(', ')}${outcome.scope === 'run' ? ' for the rest of the run' : ''}`;
    case 'edited':
      return `approved with other arguments by ${shown(outcome.by)}`;
    case 'denied':
      return `denied by ${shown(outcome.by)}${outcome.reason ? ` (${visibleText(outcome.reason, 200)})` : ''}`;
    case 'void':
      return `void, since ${visibleText(outcome.reason, 200)}`;
    case 'expired':
      return 'nobody decided in time';
  }
}

/** How a question ended, in words. */
export function describeAnswer(outcome: QuestionOutcome): string {
  switch (outcome.kind) {
    case 'answered':
      return `answered by ${shown(outcome.by ?? 'unknown')}`;
    case 'timed-out':
      return 'nobody answered in time';
    case 'withdrawn':
      return `withdrawn, since ${visibleText(outcome.reason, 200)}`;
  }
}

/** Tells somebody who comes too late who settled it, and when. */
export function alreadySettled(
  what: 'approval' | 'question',
  described: string,
  /** Milliseconds since the epoch. */
  settledAt: number | null,
): string {
  const when = settledAt === null ? '' : ` at ${new Date(settledAt).toISOString()}`;
  return `this ${what} is already settled: ${described}${when}`;
}

function shown(person: string): string {
  return `\`${visibleText(person, 80)}\``;
}
