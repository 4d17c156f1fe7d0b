/** The names that people outside rely on: queues, signals, updates, queries, search attributes. They are stable. */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type {
  ApprovalDecision,
  ApprovalRevocation,
  PendingApproval,
  PendingQuestion,
  QuestionAnswer,
  Receipt,
} from '../src/domain/approval';
import type { BreakGlassWord } from '../src/domain/break-glass';
import type { AgentBudget, BudgetUsage, TopUp } from '../src/domain/budget';
import type { ProgramAnswer, ProgramQuestion } from '../src/domain/program-question';
import type { RunStatus } from '../src/domain/run';
import type { TranscriptPage } from '../src/domain/steps';

export const AGENT_RUN = 'agentRun';
export const BREAK_GLASS = 'breakGlass';

export const queues = {
  control: 'gatehouse-control',
  runner: 'gatehouse-runner',
  sandbox: 'gatehouse-sandbox',
  notifications: 'gatehouse-notifications',
} as const;

/** The queue of one sandbox host, which alone has the workspaces of the runs prepared on it. */
export function hostQueue(host: string): string {
  return `${queues.sandbox}.${host}`;
}

/** Delivers one notification; its workflow's id is made from the delivery's. */
export const DELIVER_NOTIFICATION = 'deliverNotification';

export function notificationWorkflowId(deliveryId: string): string {
  return `notification-${deliveryId}`;
}

/** Payload of signals `pause` and `resume`. */
export interface PauseRequest {
  by: string;
  reason: string;
}

export const decide = defineSignal<[ApprovalDecision]>('decide');
export const answer = defineSignal<[QuestionAnswer]>('answer');
export const pause = defineSignal<[PauseRequest]>('pause');
export const resume = defineSignal<[PauseRequest]>('resume');
export const topUp = defineSignal<[TopUp]>('topUp');
/** Sent by Gatehouse itself when the organization's policy changed: what waits for approval is decided again. */
export const policyChanged = defineSignal('policyChanged');
/** Sent by Gatehouse itself when run, agent or organization was halted or resumed: the run asks the database. */
export const haltChanged = defineSignal('haltChanged');

export const submitDecision = defineUpdate<Receipt, [ApprovalDecision]>('submitDecision');
export const submitAnswer = defineUpdate<Receipt, [QuestionAnswer]>('submitAnswer');
/** As signal `topUp`, and says whether it was accepted. */
export const submitTopUp = defineUpdate<Receipt, [TopUp]>('submitTopUp');
/** Ends an approval that was given for the rest of the run. */
export const submitRevocation = defineUpdate<Receipt, [ApprovalRevocation]>('submitRevocation');

/** Of workflow `breakGlass`: whether its request was accepted, and what others say to it. */
export const breakGlassRequested = defineUpdate<Receipt>('breakGlassRequested');
export const confirmBreakGlass = defineUpdate<Receipt, [BreakGlassWord]>('confirmBreakGlass');
export const endBreakGlass = defineUpdate<Receipt, [BreakGlassWord]>('endBreakGlass');
/** Sent by a sandbox host for a program it runs; it is answered when a person answered. */
export const askFromProgram = defineUpdate<ProgramAnswer, [ProgramQuestion]>('askFromProgram');

/** What query `status` answers. */
export interface StatusView {
  status: RunStatus;
  turn: number;
  /** Why it is paused, or how it ended. */
  text: string | null;
}

/** What query `usage` answers. */
export interface UsageView {
  usage: BudgetUsage;
  /** Null before the run is dispatched. */
  budget: AgentBudget | null;
  /** Milliseconds the run has acted, waits for people left out. */
  elapsedMs: number;
  /** Signals that were refused and dropped. */
  invalidSignals: number;
}

/** What query `pending` answers. */
export interface PendingView {
  approvals: PendingApproval[];
  questions: PendingQuestion[];
}

export const status = defineQuery<StatusView>('status');
export const usage = defineQuery<UsageView>('usage');
export const pending = defineQuery<PendingView>('pending');
export const transcript = defineQuery<TranscriptPage, [{ since: number }]>('transcript');

export const searchAttributes = {
  organization: defineSearchAttributeKey('GatehouseOrganization', SearchAttributeType.KEYWORD),
  agent: defineSearchAttributeKey('GatehouseAgent', SearchAttributeType.KEYWORD),
  status: defineSearchAttributeKey('GatehouseStatus', SearchAttributeType.KEYWORD),
  tier: defineSearchAttributeKey('GatehouseTier', SearchAttributeType.KEYWORD),
} as const;
