import type { CallOutcome } from '../domain/call';
import type { ConversationEntry } from './provider';

/** The outcomes, by call id, that followed the assistant's entry at `index` and came before its next one. */
export function outcomesAfter(
  entries: readonly ConversationEntry[],
  index: number,
): ReadonlyMap<string, CallOutcome> {
  const outcomes = new Map<string, CallOutcome>();
  for (const entry of entries.slice(index + 1)) {
    if (entry.role === 'assistant') break;
    if (entry.role === 'tool') for (const outcome of entry.outcomes) outcomes.set(outcome.callId, outcome);
  }
  return outcomes;
}
