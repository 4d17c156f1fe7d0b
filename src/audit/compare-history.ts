import { z } from 'zod';
import type { HistoryDigest } from './history-digest';

const decisionBody = z.object({
  callId: z.string(),
  tool: z.string(),
  argsHash: z.string(),
  verdict: z.string(),
  isGranted: z.boolean(),
});
export type RecordedDecision = z.infer<typeof decisionBody>;

/** What a chain's record says of a decision, or null where it is about something else. */
export function recordedDecision(kind: string, body: unknown): RecordedDecision | null {
  if (kind !== 'decision') return null;
  const parsed = decisionBody.safeParse(body);
  return parsed.success ? parsed.data : null;
}

/**
 * Where Temporal's history of a run says something else than its chain. A decision that only the chain has is none: it
 * was committed, and its answer was lost with a worker or a run that was stopped.
 */
export function compareHistory(recorded: readonly RecordedDecision[], history: HistoryDigest): string[] {
  const problems: string[] = [];
  const byCall = new Map<string, RecordedDecision[]>();
  for (const decision of recorded)
    byCall.set(decision.callId, [...(byCall.get(decision.callId) ?? []), decision]);
  const taken = new Map<string, number>();
  for (const { callId, verdict, argsHash } of history.decisions) {
    const decisions = byCall.get(callId) ?? [];
    const found = decisions.findIndex(
      (each, index) =>
        index >= (taken.get(callId) ?? 0) &&
        each.verdict === verdict &&
        (argsHash === null || each.argsHash === argsHash),
    );
    if (found >= 0) taken.set(callId, found + 1);
    else if (decisions.length === 0)
      problems.push(`Temporal's history decides \`${verdict}\` on call \`${callId}\`, and no record does`);
    else
      problems.push(
        `Temporal's history decides \`${verdict}\` on call \`${callId}\`, and the records say ${said(decisions)}`,
      );
  }
  for (const { id, calls } of history.grants)
    for (const { callId, tool, argsHash } of calls) {
      const granted = (byCall.get(callId) ?? []).some(
        (each) => each.isGranted && each.tool === tool && each.argsHash === argsHash,
      );
      if (!granted)
        problems.push(
          `grant \`${id}\` in Temporal's history lets \`${tool}\` run as call \`${callId}\`, and no record grants that`,
        );
    }
  return problems;
}

function said(decisions: readonly RecordedDecision[]): string {
  const verdicts = decisions.map(({ verdict }) => `\`${verdict}\``).join(', ');
  return `${verdicts}${new Set(decisions.map(({ argsHash }) => argsHash)).size > 1 ? ', of other arguments' : ''}`;
}
