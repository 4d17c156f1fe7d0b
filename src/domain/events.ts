import type { ApprovalOutcome } from './approval';
import type { AgentBudget } from './budget';
import type { Verdict } from './decision';
import type { Effect } from './effect';
import type { EgressRefusal } from './egress';
import type { RunStatus } from './run';

/** What became of an approval, or that it still waits. */
export interface ApprovalEvent {
  approvalId: string;
  tool: string;
  /** `revoked` is of one given for the rest of the run. */
  outcome: ApprovalOutcome['kind'] | 'pending' | 'reminder' | 'escalated' | 'revoked';
  by: string[];
  reason?: string;
  /** The break-glass by which one person was enough. */
  breakGlass?: string;
  /** With `pending`, `reminder` and `escalated`: who is needed still, for notifications. */
  roles?: string[];
  expiresAt?: number;
}

/** What people say about a run. */
export type WordKind = 'decision' | 'answer' | 'top-up' | 'revocation';

export interface BudgetEvent {
  reason: string;
  /** `notice`: most of a limit is used; `exhausted`: all of it; `topped-up`: people raised limits. */
  kind?: 'notice' | 'exhausted' | 'topped-up';
  limit?: keyof AgentBudget;
  used?: number;
  of?: number;
}

/** What listeners of a run see (CONTRACTS, HTTP). `sequence` counts up within a run; numbers may be skipped. */
export type RunEventData =
  | { type: 'status'; data: { status: RunStatus; text?: string } }
  | { type: 'turn'; data: { turn: number; text: string; calls: number; tokens: number } }
  | {
      type: 'decision';
      data: {
        callId: string;
        tool: string;
        verdict: Verdict;
        effect: Effect | null;
        reasons: { layer: string; rule: string; message: string }[];
      };
    }
  | {
      type: 'call';
      data: {
        callId: string;
        tool: string;
        outcome: string;
        text: string;
        /** The whole output, where the model was shown a part. */
        artifact?: string;
        /** Git tree of the workspace after a call that ran. */
        tree?: string;
      };
    }
  | { type: 'question'; data: { questionId: string; question: string; options: string[]; timestamp: number } }
  | { type: 'answer'; data: { questionId: string; by: string | null; outcome: string } }
  | { type: 'approval'; data: ApprovalEvent }
  /** A word that does not count, since nothing proves whose it is; audited as well. */
  | {
      type: 'refused-word';
      data: { what: WordKind; id: string; claimedBy: string | null; reason: string };
    }
  | { type: 'budget'; data: BudgetEvent }
  /** A connection that was refused; call and reason are absent in what was recorded before they were kept. */
  | { type: 'egress'; data: { host: string; port: number; callId?: string; reason?: EgressRefusal } };

export type RunEvent = RunEventData & {
  runId: string;
  sequence: number;
  /** Milliseconds since the epoch. */
  at: number;
};
