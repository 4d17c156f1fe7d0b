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

/** What a call would do, computed from the tool and its arguments. */
export interface Judgement {
  effect: Effect;
  marks: Mark[];
  /** Flags of `requiresApproval` that cover this call. */
  approvalFlags?: ApprovalFlag[];
  /** What the tool itself has to say, such as a protected branch. */
  findings?: Finding[];
  /** Why the effect is what it is, and why each mark was set: clauses for the reasons people read. */
  because?: Partial<Record<Effect | Mark, string>>;
}
