import type { PendingApproval, PendingQuestion } from '../domain/approval';
import type { AuditHead } from '../domain/audit-head';
import type { BudgetUsage } from '../domain/budget';
import type { ToolCall } from '../domain/call';
import type { RunEventData } from '../domain/events';
import type { Tightening } from '../domain/permissions';
import type { RunStatus } from '../domain/run';
import type { GatedCall, GateResult, Observation, RunFacts } from '../domain/steps';
import type { Action } from './action';
import type { RecordedApproval, RecordedStanding } from './gate-turn';

/** What a gate needs to know before it judges, read in one go. */
export interface GateLoad {
  agent: string;
  /** What the run was asked to do: trusted text. */
  prompt: string;
  narrow: Tightening | null;
  /** The stricter of the run's and the organization's. */
  halt: 'none' | 'paused' | 'stopped';
  /** Changes whenever the organization's policies or the agent's definition do. */
  policyMarker: string;
  /** What was recorded under this step before: a repeated gate answers the same. Null for a new step. */
  recorded: GatedCall[] | null;
  approvals: (RecordedApproval & { isPending: boolean })[];
  /** Approvals for the rest of the run that count. */
  standing: RecordedStanding[];
  /** Where the run's audit chain stood then: whoever writes to the run moves it. */
  auditHead: AuditHead;
}

/** Everything a gate writes, in one transaction: no commit, no grant. */
export interface GateCommit {
  runId: string;
  organizationId: string;
  step: number;
  turn: number;
  snapshot: string;
  /** Id of the organization's current snapshot, when it was evaluated beside the pinned one. */
  currentSnapshot: string;
  calls: { proposed: ToolCall; gated: GatedCall }[];
  facts: RunFacts;
  /** Results of tools that the agent trusts, which the verdicts may rest on. */
  observations: Observation[];
  approvals: (PendingApproval & { action: Action })[];
  /** Approvals that no longer stand for anything, with the reason that approvers are shown. */
  voided: { id: string; reason: string }[];
  questions: PendingQuestion[];
  events: RunEventData[];
  /** Sequence of the first event. */
  firstSequence: number;
  status: RunStatus;
  usage: BudgetUsage;
  /** What is granted once this is committed. */
  grantedCallIds: string[];
  /** Where the audit chain stood when this was judged; without it, or when it went on, one more round trip. */
  auditHead?: AuditHead;
  at: number;
}

/** What a gate judged, and its answer once the commit is written; null where nothing could be granted then. */
export interface JudgedGate {
  commit: GateCommit;
  answer(): GateResult | null;
}

/**
 * The gate that follows an approval, judged as though that were given; null where it is to be asked by itself, when the
 * approval is.
 */
export type GateAhead = (approvalId: string) => Promise<JudgedGate | null>;

/** Where a gate reads and writes. */
export interface GateStore {
  /**
   * What these calls are judged by, and what this gate recorded about them before. A worker that died after its commit may
   * give the same step to other calls: those were never judged.
   */
  load(query: {
    runId: string;
    organizationId: string;
    step: number;
    callIds: readonly string[];
  }): Promise<GateLoad>;
  commit(record: GateCommit): Promise<void>;
}
