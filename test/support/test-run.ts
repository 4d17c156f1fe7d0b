import {
  ApplicationFailure,
  type Client,
  type WorkflowHandle,
  type WorkflowHandleWithFirstExecutionRunId,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import type { ArtifactStore } from '../../src/artifacts/artifact-store';
import type {
  ApprovalDecision,
  PendingApproval,
  PendingQuestion,
  QuestionAnswer,
  Receipt,
} from '../../src/domain/approval';
import type { CallOutcome } from '../../src/domain/call';
import type { RunEvent } from '../../src/domain/events';
import type { RunInput, RunOutcome } from '../../src/domain/run';
import type { TranscriptPage } from '../../src/domain/steps';
import type { TranscriptEntry } from '../../src/domain/transcript';
import type { Database } from '../../src/store/database';
import { createEventStore } from '../../src/store/event-store';
import { createRunStore } from '../../src/store/run-store';
import {
  type PendingView,
  pending,
  type StatusView,
  status,
  submitAnswer,
  submitDecision,
  transcript,
  type UsageView,
  usage,
} from '../../workflows/messages';
import { waitUntil } from './wait-until';

type HistoryEvents = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>;

/** `type` is the name of its attributes: `activityTaskScheduled`. */
export type HistoryEvent = HistoryEvents[number] & { type: string };

/** A run as a test sees it: what people, operators and Temporal see, and nothing else. */
export interface TestRun {
  runId: string;
  handle: WorkflowHandle;
  /** Temporal's id of the run's first execution. */
  firstExecution: string;
  status(): Promise<StatusView>;
  /** Waits until the run shows this status. */
  reaches(wanted: string): Promise<void>;
  /** Waits until so many turns were taken. */
  turns(count: number): Promise<void>;
  usage(): Promise<UsageView>;
  /** Waits until an activity is scheduled or runs. */
  pendingActivity(name: string): Promise<void>;
  /** Waits until the run has handled so many signals. */
  signalsSeen(count: number): Promise<void>;
  pending(): Promise<PendingView>;
  /** Waits until so many approvals are shown, and gives them. */
  approvals(count?: number): Promise<PendingApproval[]>;
  question(): Promise<PendingQuestion>;
  /** By update; a rejection is a refused receipt too. */
  decide(decision: unknown): Promise<Receipt>;
  answer(answer: unknown): Promise<Receipt>;
  approveNext(by?: string): Promise<PendingApproval>;
  denyNext(reason: string, by?: string): Promise<PendingApproval>;
  answerNext(answer: string): Promise<PendingQuestion>;
  /** Waits for the end, whatever it is. */
  outcome(): Promise<RunOutcome>;
  transcript(): Promise<TranscriptEntry[]>;
  /** Of all calls so far, in the order the model was told. */
  outcomes(): Promise<CallOutcome[]>;
  events(): Promise<RunEvent[]>;
  /** Of the newest execution, or of the one named. */
  history(executionRunId?: string): Promise<HistoryEvent[]>;
}

interface TestRunParts {
  input: RunInput;
  handle: WorkflowHandleWithFirstExecutionRunId;
  client: Client;
  database: Database;
  artifacts: Pick<ArtifactStore, 'get'>;
}

export function createTestRun({ input, handle, client, database, artifacts }: TestRunParts): TestRun {
  const { runId, organizationId } = input;
  const runs = createRunStore(database);

  async function update<Argument>(name: { name: string }, argument: Argument): Promise<Receipt> {
    try {
      return await handle.executeUpdate<Receipt, [Argument]>(name.name, { args: [argument] });
    } catch (error) {
      if (!(error instanceof WorkflowUpdateFailedError)) throw error;
      return { accepted: false, reason: (error.cause as Error | undefined)?.message ?? error.message };
    }
  }

  const self: TestRun = {
    runId,
    handle,
    firstExecution: handle.firstExecutionRunId,
    status: () => handle.query(status),
    async reaches(wanted) {
      await waitUntil(async () => (await self.status()).status === wanted, `run is ${wanted}`);
    },
    async turns(count) {
      await waitUntil(async () => (await self.usage()).usage.turns >= count, `${count} turns were taken`);
    },
    usage: () => handle.query(usage),
    async pendingActivity(name) {
      await waitUntil(async () => {
        const { raw } = await handle.describe();
        return (raw.pendingActivities ?? []).some(({ activityType }) => activityType?.name === name);
      }, `\`${name}\` is under way`);
    },
    async signalsSeen(count) {
      await waitUntil(async () => {
        const history = await self.history();
        const last = history.filter(({ type }) => type === 'workflowExecutionSignaled').at(count - 1);
        return last !== undefined && history.indexOf(last) < indexOfLast(history, 'workflowTaskCompleted');
      }, `${count} signals were handled`);
    },
    pending: () => handle.query(pending),

    async approvals(count = 1) {
      let shown: PendingApproval[] = [];
      await waitUntil(async () => {
        shown = (await self.pending()).approvals;
        return shown.length >= count;
      }, `${count} approvals are shown`);
      return shown;
    },

    async question() {
      let shown: PendingQuestion | undefined;
      await waitUntil(async () => {
        shown = (await self.pending().catch(unlessNobodyPolls))?.questions[0];
        return shown !== undefined;
      }, 'a question is shown');
      return shown!;
    },

    decide: (decision) => update(submitDecision, decision as ApprovalDecision),
    answer: (answer) => update(submitAnswer, answer as QuestionAnswer),

    async approveNext(by = 'alice') {
      const [approval] = await self.approvals();
      requireAccepted(await self.decide(decisionOn(approval!, 'approve', { by })));
      return approval!;
    },
    async denyNext(reason, by = 'alice') {
      const [approval] = await self.approvals();
      requireAccepted(await self.decide(decisionOn(approval!, 'deny', { by, reason })));
      return approval!;
    },
    async answerNext(answer) {
      const question = await self.question();
      requireAccepted(await self.answer({ questionId: question.id, answer, by: 'alice' }));
      return question;
    },

    async outcome() {
      const failure = await client.workflow.result(handle.workflowId).then(
        () => null,
        (error: Error) => error.cause,
      );
      const recorded = (await runs.get(organizationId, runId))?.outcome;
      if (recorded) return recorded as unknown as RunOutcome;
      return {
        status: 'FAILED',
        text: failure instanceof ApplicationFailure ? failure.message : String(failure),
      };
    },

    async transcript() {
      const entries: TranscriptEntry[] = [];
      for (let since: number | null = 0; since !== null; ) {
        const page: TranscriptPage = await handle.query(transcript, { since });
        for (const entry of page.entries)
          entries.push(
            'role' in entry
              ? entry
              : (JSON.parse(Buffer.from(await artifacts.get(entry.artifact)).toString()) as TranscriptEntry),
          );
        since = page.next;
      }
      return entries;
    },

    async outcomes() {
      return (await self.transcript()).flatMap((entry) => (entry.role === 'tool' ? entry.outcomes : []));
    },

    events: () => createEventStore(database).list({ runId, organizationId }, -1),

    async history(executionRunId) {
      const named = executionRunId ? client.workflow.getHandle(handle.workflowId, executionRunId) : handle;
      const { events } = await named.fetchHistory();
      return (events ?? []).map((event) => Object.assign(event, { type: typeOf(event) }));
    },
  };
  return self;
}

/** A decision on an approval as shown. */
export function decisionOn(
  { id, actionHash }: Pick<PendingApproval, 'id' | 'actionHash'>,
  decision: ApprovalDecision['decision'],
  more: Partial<ApprovalDecision> = {},
): ApprovalDecision {
  return { approvalId: id, decision, actionHash, ...more };
}

const ATTRIBUTES = 'EventAttributes';

function typeOf(event: HistoryEvents[number]): string {
  const key = Object.entries(event).find(([name, value]) => name.endsWith(ATTRIBUTES) && value)?.[0];
  return key?.slice(0, -ATTRIBUTES.length) ?? 'unknown';
}

function indexOfLast(history: readonly HistoryEvent[], type: string): number {
  return history.map((event) => event.type).lastIndexOf(type);
}

/** What an activity was scheduled with, by its name. */
export function scheduled(history: readonly HistoryEvent[], activity: string) {
  return history.flatMap(({ activityTaskScheduledEventAttributes: attributes }) =>
    attributes?.activityType?.name === activity ? attributes : [],
  );
}

/** An activity's one argument. */
export function inputOf<Input>(input: Parameters<typeof bytesOf>[0]): Input {
  return JSON.parse(Buffer.from(input?.payloads?.[0]?.data ?? []).toString('utf8')) as Input;
}

/** Bytes of an activity's input, or of any list of payloads. */
export function bytesOf(
  input: { payloads?: { data?: Uint8Array | null }[] | null } | null | undefined,
): number {
  return (input?.payloads ?? []).reduce((sum, payload) => sum + (payload.data?.length ?? 0), 0);
}

function requireAccepted(receipt: Receipt): void {
  if (!receipt.accepted) throw new Error(`not accepted: ${receipt.reason}`);
}

/** While a killed worker is not back yet there is nothing to be seen. */
function unlessNobodyPolls(error: unknown): null {
  if (error instanceof Error && /no poller seen/.test(String(error.cause))) return null;
  throw error;
}
