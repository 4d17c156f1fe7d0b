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
  signature?: string;
}

/** Payload of signal `answer` and update `submitAnswer`. */
export interface QuestionAnswer {
  questionId: string;
  answer: string;
  by?: string;
}

/** How the wait for an approval ended. */
export type ApprovalOutcome =
  | { kind: 'approved'; by: string[] }
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
