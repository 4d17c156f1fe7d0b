import type { AgentBudget } from '../domain/budget';
import type { RecordExpiryInput, RecordedAnswer, RecordedDecision, RecordedExpiry } from '../domain/steps';

interface Recorded {
  runId: string;
  organizationId: string;
  /** Event numbers from here are free, see EVENTS_OF_PEOPLE. */
  firstSequence: number;
  /** Milliseconds since the epoch. */
  at: number;
}

export interface DecisionToRecord extends Recorded {
  approvalId: string;
  actionHash: string;
  verdict: 'approve' | 'deny';
  /** Edited arguments as RFC 8785 JSON. */
  args: string | null;
  reason: string;
  by: string;
  isVerified: boolean;
}

export interface AnswerToRecord extends Recorded {
  questionId: string;
  answer: string;
  by: string | null;
}

export interface TopUpToRecord extends Recorded {
  budget: Partial<AgentBudget>;
  by: string;
  isVerified: boolean;
}

/** Where people's words are kept: each in one transaction with its event and audit record. */
export interface PeopleStore {
  requiresSignatures(organizationId: string): Promise<boolean>;
  /**
   * Counts one vote. The first deny settles; so does the approve that fills the quorum. A vote on a settled approval is
   * answered with what settled it when it is the same person's same word, and refused otherwise.
   */
  recordDecision(decision: DecisionToRecord): Promise<RecordedDecision>;
  recordAnswer(answer: AnswerToRecord): Promise<RecordedAnswer>;
  /** Nothing expires while run, agent or organization is halted: then `paused`. */
  recordExpiry(expiry: RecordExpiryInput & { at: number }): Promise<RecordedExpiry>;
  recordTopUp(topUp: TopUpToRecord): Promise<void>;
}
