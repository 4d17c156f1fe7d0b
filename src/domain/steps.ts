/** What the steps of a run hand each other: inputs and results of activities, as they stand in Temporal's history. */
import type {
  ApprovalDecision,
  ApprovalOutcome,
  ApprovalProgress,
  ApprovalRevocation,
  PendingApproval,
  PendingQuestion,
  QuestionAnswer,
  QuestionOutcome,
} from './approval';
import type { AgentBudget, BudgetedUse, BudgetUsage, TopUp } from './budget';
import type { CallOutcome, CanonicalCall, ToolCall } from './call';
import type { CheckpointReference, LostWorkspace, Rebuilding } from './checkpoint';
import type { ChildRun } from './child-run';
import type { Decision } from './decision';
import type { RefusedHost } from './egress';
import type { RunEventData } from './events';
import type { GrantAudience } from './grant';
import type { HaltView } from './halt';
import type { PeopleSettings } from './people-settings';
import type { ProgramQuestion } from './program-question';
import type { RunInput, RunOutcome, RunStatus } from './run';
import type { ArchivedEntry, OpenEntry, TranscriptEntry, TranscriptPosition } from './transcript';

/** What the model is given at dispatch. */
export interface DispatchPayload {
  prompt: string;
  systemPrompt: string;
  policyDigest: string;
}

export type DispatchInput = RunInput;

export interface DispatchResult {
  payload: DispatchPayload;
  /** Id of the pinned snapshot, in the database and in the artifact store. */
  snapshot: string;
  tier: string;
  model: string;
  budget: AgentBudget;
  onBudget: 'fail' | 'topUp';
  /** How long people have, in milliseconds. */
  waitForPeopleMs: number;
  /** Whether the runner reads over the channel. */
  channel: boolean;
  /** Summaries and details say nothing of what the run is about. Absent in runs that began before it was kept. */
  isEncrypted?: boolean;
  /** Set where the run begins halted; absent for one that may go on. */
  halt?: HaltView;
  /** How the organization's people are asked; absent in runs that began before it was kept, which only wait. */
  people?: PeopleSettings;
}

export interface PrepareInput {
  runId: string;
  repo: string | null;
  /** Set where the run had a workspace: it is made again from there, and a copy of before is not taken for it. */
  lost?: LostWorkspace;
}

/** A workspace that was prepared. */
export interface PreparedWorkspace extends Workspace {
  /** Set where one was lost. */
  rebuilding?: Rebuilding;
}

/** Asks whether a sandbox host is lost. */
export interface HostQuestion {
  host: string;
  /** Milliseconds since the epoch: when there was work that it did not take. */
  since: number;
}

/** A workspace on one host. */
export interface Workspace {
  /** Names the host and its queue `gatehouse-sandbox.<host>`. */
  host: string;
  /** RFC 7638 thumbprint of the host's key; the gate compares it with those it trusts. */
  keyThumbprint: string;
  /** Git tree of the files as they are, committed or not. */
  tree: string;
  /** Commit the run's branch points at. */
  head: string;
  /** The {@link ContentIndex}, by its sha-256 in the artifact store; absent where the files could not be kept. */
  content?: string;
  /** What it could be made again from; absent where a host of an earlier release has it. */
  checkpoint?: CheckpointReference;
}

/** What a turn's reads need to run over the channel. */
export interface GrantedReads {
  grant: string;
  host: string;
  calls: CanonicalCall[];
}

export interface TurnInput {
  runId: string;
  turn: number;
  /** Snapshot in the artifact store: tells the model's name and the tools it is offered. */
  snapshot: string;
  /** The prefix that runner and workflow share. */
  base: TranscriptPosition;
  /** What came since; `pending` outcomes are the reads below. */
  news: OpenEntry[];
  reads: GrantedReads | null;
}

export interface TokenUsage {
  inputTokens: number;
  outputTokens: number;
}

export interface TurnResult {
  /** Outcomes of the reads, in order. */
  reads: CallOutcome[];
  text: string;
  calls: ToolCall[];
  usage: TokenUsage;
  /** Chained hash after each entry that this turn appended: the news, then the assistant's. */
  hashes: string[];
}

/** One page of a transcript, answered by query `transcript`. */
export interface TranscriptPage {
  entries: (TranscriptEntry | ArchivedEntry)[];
  /** Index of the first entry of the next page, or null at the end. */
  next: number | null;
}

/** Facts about the run so far that policies judge on. */
export interface RunFacts {
  /** Null before a workspace exists. */
  workspace: Workspace | null;
  /** Calls executed so far. */
  executed: number;
  /** Values of `executed` at the last successful validate and the last change of the tree; 0 for none. */
  lastValidateStep: number;
  lastWriteStep: number;
  /** Texts people typed or picked: trusted. */
  answers: string[];
  /** plan → apply → plan again, counted. */
  driftIterations: number;
  /** Tools that changed the workspace since its latest checkpoint; absent for none. */
  uncheckpointed?: string[];
}

/** What a tool answered: not to be believed, unless the agent file trusts the tool. */
export interface Observation {
  tool: string;
  text: string;
}

export interface GateInput {
  runId: string;
  organizationId: string;
  snapshot: string;
  turn: number;
  /** Counts up with every gate of the run: a repeated gate with the same number answers what was recorded. */
  step: number;
  /** In the order given by the model. Canonical already when gated again. */
  calls: ToolCall[];
  /** Who will present the grant when nothing but reads is open; effects are always for an activity. */
  audience: GrantAudience;
  /** Ids of approvals given in this run, by call: what they approved is read from the database, not from here. */
  approvals: Record<string, string>;
  facts: RunFacts;
  /** What tools answered lately, oldest first. Absent in runs that began before it was kept. */
  observations?: Observation[];
  /** Events since the last gate, to be kept with this one. */
  events: RunEventData[];
  /** Sequence of the first of them; the gate may use {@link eventsOfGate} numbers from here. */
  firstSequence: number;
  usage: BudgetUsage;
}

/** How many event numbers a gate may use. */
export function eventsOfGate(events: number, calls: number): number {
  return events + 3 * calls + 1;
}

/** One call after the gate. */
export interface GatedCall {
  callId: string;
  /** Null when the call could not be read. */
  call: CanonicalCall | null;
  decision: Decision;
  isRead: boolean;
  /** Judged on the tree: gated again just before its grant. */
  isTreeJudged: boolean;
  /** Whether it may change the workspace. */
  writes: boolean;
  needsWorkspace: boolean;
  use: BudgetedUse | null;
  /** Whether its program may ask people while it runs. Absent in runs that began before it was kept. */
  mayAsk?: boolean;
  /** Set when executing it is one more drift iteration. */
  isDriftIteration?: true;
  /** Set when the verdict is `ask`. */
  approval: PendingApproval | null;
  /** The approval for the rest of the run that allowed it; absent for none. */
  standing?: string;
  /** Set when the call is an allowed `ask-user`. */
  question: PendingQuestion | null;
  /** Set when the call is an allowed `start-run`: the run itself carries it out. */
  starts?: ChildRun;
}

export interface GateResult {
  calls: GatedCall[];
  /** One token for all calls granted now; null when there are none. */
  grant: Grant | null;
  /** Set when organization or run is stopped or paused: nothing was judged or granted. */
  halt: 'stopped' | 'paused' | null;
}

export interface Grant {
  token: string;
  audience: GrantAudience;
  callIds: string[];
  /** Milliseconds since the epoch; the latest a call may start. */
  expiresAt: number;
}

export interface ExecuteInput {
  runId: string;
  grant: string;
  /** One effect, or consecutive reads. */
  calls: CanonicalCall[];
}

export interface ExecuteResult {
  outcomes: CallOutcome[];
  /** State of the workspace afterwards. */
  workspace: Workspace;
  /** Connections that the sandbox refused. */
  refusedHosts: RefusedHost[];
}

export interface FinishInput {
  runId: string;
  organizationId: string;
  outcome: RunOutcome;
  usage: BudgetUsage;
  events: RunEventData[];
  firstSequence: number;
}

/** What the recording of a person's word needs. Each may use four event numbers. */
interface PeopleInput {
  runId: string;
  organizationId: string;
  firstSequence: number;
}
export const EVENTS_OF_PEOPLE = 4;

/** Asks whether the run is halted; listeners are told where that is news to it. */
export interface NoteHaltInput extends PeopleInput {
  agent: string;
  known: HaltView | null;
  /** What the run shows while nothing halts it. */
  status: RunStatus;
}
export const EVENTS_OF_HALT = 1;

export interface RecordDecisionInput extends PeopleInput {
  decision: ApprovalDecision;
  /** What is asked of the gate at once if this settles the approval as approved. */
  gate?: GateInput;
}

/** `outcome` is null while something is missing; without `gated` the gate is still to be asked. */
export type RecordedDecision =
  | { accepted: true; outcome: ApprovalOutcome | null; progress?: ApprovalProgress; gated?: GateResult }
  | { accepted: false; reason: string };

export interface RecordAnswerInput extends PeopleInput {
  answer: QuestionAnswer;
}

/** `paused`: the wait does not end, since the run is halted; `since` is when that began, where it is known. */
export type RecordedExpiry = { kind: 'recorded' } | { kind: 'paused'; since: number | null };

export type RecordedAnswer =
  | { accepted: true; outcome: QuestionOutcome }
  | { accepted: false; reason: string };

export interface RecordExpiryInput extends PeopleInput {
  kind: 'approval' | 'question';
  id: string;
  waitedMs: number;
}

export interface VerifyProgramQuestionInput {
  runId: string;
  organizationId: string;
  /** The grant that the asking call executes under, as the workflow handed it out. */
  grant: string;
  question: ProgramQuestion;
}

/** Whether a question comes from the host that executes the call. */
export type VerifiedProgramQuestion = { accepted: true } | { accepted: false; reason: string };

export interface CloseProgramQuestionInput extends PeopleInput {
  /** What the gate knew the question by. */
  callId: string;
  /** Why what is still open of it is withdrawn. */
  reason: string;
}

/** An approval waited so long that people are told again, or that others may decide too. */
export interface RecordPromptInput extends PeopleInput {
  approvalId: string;
  prompt: Prompt;
}

export type Prompt =
  | { kind: 'reminder'; afterMs: number }
  | { kind: 'escalated'; afterMs: number; role: string };

/** `outcome` is set where votes that are there already are enough now. */
export interface RecordedPrompt {
  outcome: ApprovalOutcome | null;
  progress: ApprovalProgress | null;
}

export interface RecordRevocationInput extends PeopleInput {
  revocation: ApprovalRevocation;
}

export type RecordedRevocation = { accepted: true } | { accepted: false; reason: string };

/** A limit is reached, and people are asked for more. */
export interface OpenTopUpInput extends PeopleInput {
  snapshot: string;
  /** Which, and what is said about it. */
  limit: keyof AgentBudget;
  message: string;
  /** What to add, unless people say otherwise. */
  budget: Partial<AgentBudget>;
  usage: BudgetUsage;
  expiresAt: number;
}

export interface RecordTopUpInput extends PeopleInput {
  topUp: TopUp;
}

/** `settled` are approvals of a top-up that waited, and are answered by this one. */
export type RecordedTopUp =
  | { accepted: true; budget: Partial<AgentBudget>; by?: string; settled?: string[] }
  | { accepted: false; reason: string };

export interface ArchiveInput {
  entries: TranscriptEntry[];
}

/** sha-256 of each entry's canonical JSON, in order. */
export interface ArchiveResult {
  artifacts: string[];
}
