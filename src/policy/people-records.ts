import type { PendingApproval } from '../domain/approval';
import type { AgentBudget } from '../domain/budget';
import type { WordKind } from '../domain/events';
import type {
  OpenTopUpInput,
  RecordExpiryInput,
  RecordedAnswer,
  RecordedDecision,
  RecordedExpiry,
  RecordedPrompt,
  RecordedRevocation,
  RecordedTopUp,
  RecordPromptInput,
} from '../domain/steps';
import type { Vote } from '../domain/vote';
import type { GateAhead } from './gate-records';

interface Recorded {
  runId: string;
  organizationId: string;
  /** Event numbers from here are free, see EVENTS_OF_PEOPLE. */
  firstSequence: number;
  /** Milliseconds since the epoch. */
  at: number;
}

/** Whose word it is, and how that is known. */
export type Identity = Pick<Vote, 'by' | 'roles' | 'proof' | 'isVerified'>;

export interface DecisionToRecord extends Recorded, Identity {
  approvalId: string;
  actionHash: string;
  verdict: 'approve' | 'deny';
  /** Edited arguments as RFC 8785 JSON. */
  args: string | null;
  reason: string;
  scope: 'once' | 'run';
}

export interface AnswerToRecord extends Recorded {
  questionId: string;
  answer: string;
  by: string | null;
  isVerified: boolean;
}

export interface TopUpToRecord extends Recorded {
  budget: Partial<AgentBudget>;
  by: string;
  isVerified: boolean;
  /** Hex sha-256 of the signature: the same one counts once. Null without one. */
  word: string | null;
}

export interface RevocationToRecord extends Recorded {
  approvalId: string;
  by: string;
  isVerified: boolean;
}

/** A word that does not count, since nothing proves whose it is. */
export interface RefusalToRecord extends Recorded {
  what: WordKind;
  /** What it was about. */
  id: string;
  claimedBy: string | null;
  /** Code and public text of why. */
  code: string;
  reason: string;
}

/** Refused words that are audited, a run: so that they cannot fill its chain. */
export const MAX_REFUSED_WORDS = 100;

/** Where people's words are kept: each in one transaction with its event and audit record. */
export interface PeopleStore {
  requiresSignatures(organizationId: string): Promise<boolean>;
  /**
   * Counts one vote. The first deny settles; so does the approve that leaves nothing missing. A vote on a settled
   * approval is answered with what settled it when it is the same person's same word, and refused otherwise. Votes of
   * people who count no more are dropped.
   *
   * @param ahead judged and written together with a vote that settles it as approved once; then `gated` is its answer
   */
  recordDecision(decision: DecisionToRecord, ahead?: GateAhead): Promise<RecordedDecision>;
  recordAnswer(answer: AnswerToRecord): Promise<RecordedAnswer>;
  /** Nothing expires while run, agent or organization is halted: then `paused`. */
  recordExpiry(expiry: RecordExpiryInput & { at: number }): Promise<RecordedExpiry>;
  /** A reminder or an escalation, while the approval still waits; once each. */
  recordPrompt(prompt: RecordPromptInput & { at: number }): Promise<RecordedPrompt>;
  /** Shows people that more budget is needed. */
  openTopUp(input: OpenTopUpInput & { at: number }): Promise<PendingApproval>;
  recordTopUp(topUp: TopUpToRecord): Promise<RecordedTopUp>;
  /** Ends what was approved for the rest of the run; the next gate no longer counts it. */
  recordRevocation(revocation: RevocationToRecord): Promise<RecordedRevocation>;
  /** Audits a refusal and tells listeners, at most {@link MAX_REFUSED_WORDS} a run. */
  recordRefusal(refusal: RefusalToRecord): Promise<void>;
}
