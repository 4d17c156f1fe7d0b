import type { RunEventData } from '../domain/events';
import { sha256 } from '../domain/hashing';
import type { AuditEntry } from './audit-chain';

/**
 * What is remembered for good of what became of calls, and of where they were not let out, from the events that tell of
 * them: texts by their hash.
 */
export function outcomeRecords(events: readonly RunEventData[], at: number): AuditEntry[] {
  return events.flatMap((event): AuditEntry[] => {
    if (event.type === 'egress') return refusalRecord(event.data, at);
    if (event.type !== 'call') return [];
    const { callId, tool, outcome, text, artifact = null, tree = null } = event.data;
    const body = { callId, tool, outcome, textHash: sha256(text), artifact, tree };
    return [{ key: `outcome:${callId}`, kind: 'outcome', body, at }];
  });
}

/** Runs that began before it was kept do not say which call it was. */
function refusalRecord(data: Extract<RunEventData, { type: 'egress' }>['data'], at: number): AuditEntry[] {
  const { callId, host, port, reason = null } = data;
  if (callId === undefined) return [];
  return [
    { key: `egress:${callId}:${host}:${port}`, kind: 'egress', body: { callId, host, port, reason }, at },
  ];
}
