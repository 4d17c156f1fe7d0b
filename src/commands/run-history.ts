import { type Client, type WorkflowHandle, WorkflowNotFoundError } from '@temporalio/client';
import type { LoadedDataConverter, Payload } from '@temporalio/common';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow';
import type { HistoryStep, RunHistory } from '../audit/history-digest';
import { workflowIdOf } from '../domain/run';

type Events = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>;

/** Longest that one execution's history may take to arrive, in milliseconds. */
const LIMIT_MS = 60_000;

/**
 * What a run did according to Temporal: its activities over all its executions, in order.
 *
 * @returns null where Temporal has no history of it any more
 */
export async function fetchRunHistory(client: Client, runId: string): Promise<RunHistory | null> {
  const history: RunHistory = { events: 0, steps: [] };
  let execution: string | undefined;
  try {
    do {
      const handle = client.workflow.getHandle(workflowIdOf(runId), execution);
      const { events } = await client.connection.withDeadline(Date.now() + LIMIT_MS, () =>
        handle.fetchHistory(),
      );
      history.events += events?.length ?? 0;
      history.steps.unshift(...(await stepsOf(events ?? [], client.options.loadedDataConverter)));
      // Backwards: each execution names the one that it continues.
      execution = events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId || undefined;
    } while (execution);
    return history;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

/** The activities of one execution that ended with a result, or may have. */
export async function stepsOf(events: Events, converter: LoadedDataConverter): Promise<HistoryStep[]> {
  const decoded = (payloads: Payload[] | null | undefined) => decodeArrayFromPayloads(converter, payloads);
  const steps: HistoryStep[] = [];
  const scheduled = new Map<string, HistoryStep>();
  for (const event of events) {
    const activity = event.activityTaskScheduledEventAttributes;
    if (activity) {
      const input = await decoded(activity.input?.payloads);
      const step = { activity: activity.activityType?.name ?? '', input, result: undefined };
      steps.push(step);
      scheduled.set(String(event.eventId), step);
    }
    const completed = event.activityTaskCompletedEventAttributes;
    if (completed) {
      const step = scheduled.get(String(completed.scheduledEventId));
      if (step) step.result = (await decoded(completed.result?.payloads))[0];
    }
    const marker = event.markerRecordedEventAttributes;
    if (marker?.markerName === 'core_local_activity') {
      const [about] = (await decoded(marker.details?.data?.payloads)) as [{ activity_type?: string }?];
      const [result] = await decoded(marker.details?.result?.payloads);
      steps.push({ activity: about?.activity_type ?? '', input: [], result });
    }
  }
  return steps;
}
