import { findingId } from '../domain/decision';
import { sha256 } from '../domain/hashing';
import type { GateCommit } from '../policy/gate-records';
import type { AuditEntry } from './audit-chain';
import { outcomeRecords } from './outcome-records';
import { numbered, type RunCommit } from './run-commit';

/** What is written about a run when its gate has judged. */
export function runCommitOf(record: GateCommit): RunCommit {
  const { runId, organizationId, step, turn, facts, observations, at } = record;
  const granted = new Set(record.grantedCallIds);
  const context = JSON.stringify({ turn, facts, ...(observations.length > 0 ? { observations } : {}) });
  return {
    runId,
    organizationId,
    decisions: record.calls.map(({ proposed, gated }) => ({
      step,
      turn,
      proposed: JSON.stringify(proposed),
      context,
      snapshot: record.snapshot,
      currentSnapshot: record.currentSnapshot,
      gated,
      isGranted: granted.has(gated.callId),
      at,
    })),
    approvals: record.approvals,
    voided: record.voided,
    questions: record.questions,
    events: numbered(runId, record.firstSequence, at, record.events),
    audit: [
      ...outcomeRecords(record.events, at),
      ...record.calls.map((call) => auditOf(record, call, granted)),
    ],
    status: record.status,
    usage: record.usage,
    at,
  };
}

/** What is remembered for good of one decision: the arguments by their hash, the rest in the decision record. */
function auditOf(
  { step, turn, snapshot, currentSnapshot, at }: GateCommit,
  { proposed, gated }: GateCommit['calls'][number],
  granted: ReadonlySet<string>,
): AuditEntry {
  const { callId, call, decision, standing } = gated;
  return {
    key: `decision:${step}:${callId}`,
    kind: 'decision',
    body: {
      step,
      turn,
      callId,
      tool: call?.tool ?? proposed.tool,
      argsHash: sha256(call?.args ?? proposed.args),
      verdict: decision.verdict,
      effect: decision.effect,
      marks: decision.marks,
      findings: decision.findings.map((finding) => `${finding.verdict} ${findingId(finding)}`),
      errors: decision.errors.map((error) => error.code),
      snapshot,
      currentSnapshot,
      isGranted: granted.has(callId),
      ...(standing === undefined ? {} : { standing }),
    },
    at,
  };
}
