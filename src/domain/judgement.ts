import type { Finding } from './decision';
import type { Effect, Mark } from './effect';
import type { ApprovalFlag } from './permissions';
import type { PolicySnapshotContent } from './policy';

/** What a tool's judgement may depend on beside its arguments. */
export interface JudgeContext {
  runId: string;
  /** The run's own branch. */
  branch: string;
  settings: PolicySnapshotContent['settings'];
}

/** What a call is of a round of looking for drift and mending it; the stronger of two last. */
export const iterations = ['plan', 'apply'] as const;
export type Iteration = (typeof iterations)[number];

/** What a call would do, computed from the tool and its arguments. */
export interface Judgement {
  effect: Effect;
  marks: Mark[];
  /** Flags of `requiresApproval` that cover this call. */
  approvalFlags?: ApprovalFlag[];
  /** Absent for calls that neither plan nor apply. */
  iteration?: Iteration;
  /** What the tool itself has to say, such as a protected branch. */
  findings?: Finding[];
  /** Why the effect is what it is, and why each mark was set: clauses for the reasons people read. */
  because?: Partial<Record<Effect | Mark, string>>;
}
