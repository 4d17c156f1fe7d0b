import type { CallOutcome } from '../src/domain/call';
import { findingId, reasons } from '../src/domain/decision';
import type { GatedCall } from '../src/domain/steps';

/** What the model is told of a call that policy refused: each reason, and the id of the rule behind it. */
export function refusalOf({ callId, decision }: GatedCall): CallOutcome {
  const why = [
    ...reasons(decision).map((finding) => `${finding.message} (${findingId(finding)})`),
    ...decision.errors.map((error) => error.message),
  ];
  return {
    kind: 'refused',
    callId,
    text: `refused by policy: ${why.join('; ')}`,
    findings: reasons(decision).map(findingId),
  };
}
