import type { Finding } from './decision';
import type { Effect, Mark } from './effect';

/** A held call, waiting for people, as the `pending` query shows it. */
export interface PendingApproval {
  id: string;
  callId: string;
  tool: string;
  /** RFC 8785 JSON: exactly what will run. */
  args: string;
  effect: Effect;
  marks: Mark[];
  /** Those that asked. */
  findings: Finding[];
  /** Binds a decision to call, effect, marks, findings, snapshot and content. */
  actionHash: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
  /** What was said so far and what is still needed; whoever shows an approval fills it in. */
  progress?: ApprovalProgress;
}

/** How far an approval is. */
export interface ApprovalProgress {
  /** Who approved so far, in order. */
  votes: { by: string; isVerified: boolean; at: number }[];
  /** Distinct approvers needed in all. */
  quorum: number;
  /** Roles needed, and how many of the approvers needed hold them already. */
  roles: { role: string; quorum: number; votes: number }[];
  /** Whether somebody else than who asked for the run has to approve. */
  fourEyes: boolean;
  /** Role whose holders may decide in place of a missing one, since nobody decided for long. */
  escalatedTo: string | null;
  /** What is still missing, in words for people: `2 more approvers, one of them with the role \`sre\``. */
  missing: string;
}

/** An `ask-user` waiting for an answer, as the `pending` query shows it. */
export interface PendingQuestion {
  id: string;
  callId: string;
  question: string;
  options: string[];
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

/** Payload of signal `decide` and update `submitDecision`. */
export interface ApprovalDecision {
  approvalId: string;
  decision: 'approve' | 'deny';
  actionHash: string;
  /** Taken from signature or key where there is one. */
  by?: string;
  reason?: string;
  /** Edited arguments: gated again before they run. */
  args?: unknown;
  /** `run`: the same action is approved for the rest of the run. @default 'once' */
  scope?: 'once' | 'run';
  /** A signed word (src/identity/words.ts) over exactly this. */
  signature?: string;
}

/** Payload of update `submitRevocation`: an approval given for the rest of a run counts no more. */
export interface ApprovalRevocation {
  /** The approval that was given so. */
  approvalId: string;
  by?: string;
  signature?: string;
}

/** Payload of signal `answer` and update `submitAnswer`. */
export interface QuestionAnswer {
  questionId: string;
  answer: string;
  by?: string;
  signature?: string;
}

/** How the wait for an approval ended. */
export type ApprovalOutcome =
  /** `scope` is `run` where all of them approved the same action for the rest of the run. */
  | { kind: 'approved'; by: string[]; scope?: 'run' }
  /** Approved with other arguments (RFC 8785 JSON), which are gated again. */
  | { kind: 'edited'; by: string; args: string }
  | { kind: 'denied'; by: string; reason: string }
  /** A newer policy or another content made it worthless. */
  | { kind: 'void'; reason: string }
  | { kind: 'expired'; waitedMs: number };

/** How the wait for an answer ended. */
export type QuestionOutcome =
  | { kind: 'answered'; answer: string; by: string | null }
  | { kind: 'timed-out'; waitedMs: number }
  /** The program that asked ended before anybody answered. */
  | { kind: 'withdrawn'; reason: string };

/** What an update answers: accepted, or why not. */
export type Receipt = { accepted: true; status: string } | { accepted: false; reason: string };

/** How long people have, in milliseconds. */
export const WAIT_FOR_PEOPLE_MS = 24 * 60 * 60 * 1000;

/** What a model is told when a question times out. */
export const NOBODY_ANSWERED = 'nobody answered within 24 hours';
