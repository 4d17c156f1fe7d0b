import type { Verdict } from './decision';
import type { Effect } from './effect';
import type { RunStatus } from './run';

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
  | {
      type: 'approval';
      data: { approvalId: string; tool: string; outcome: string; by: string[]; reason?: string };
    }
  | { type: 'budget'; data: { reason: string } }
  | { type: 'egress'; data: { host: string; port: number } };

export type RunEvent = RunEventData & {
  runId: string;
  sequence: number;
  /** Milliseconds since the epoch. */
  at: number;
};
