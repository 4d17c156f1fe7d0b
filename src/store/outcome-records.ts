import type { RunEventData } from '../domain/events';
import { sha256 } from '../domain/hashing';
import type { AuditEntry } from './audit-chain';

/** What is remembered for good of what became of calls, from the events that tell of them: texts by their hash. */
export function outcomeRecords(events: readonly RunEventData[], at: number): AuditEntry[] {
  return events.flatMap((event): AuditEntry[] => {
    if (event.type !== 'call') return [];
    const { callId, tool, outcome, text, artifact = null, tree = null } = event.data;
    const body = { callId, tool, outcome, textHash: sha256(text), artifact, tree };
    return [{ key: `outcome:${callId}`, kind: 'outcome', body, at }];
  });
}
