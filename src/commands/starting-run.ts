import type { Client } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow';
import { type RunInput, workflowIdOf } from '../domain/run';
import { readRunInput } from '../policy/run-input';

/** What a run was started with, whoever started it. */
export interface RunStart {
  organizationId: string;
  /** Null where it is malformed, which its dispatch will say. */
  input: RunInput | null;
}

/**
 * Reads from Temporal with what a run was started: the one source that holds for every client. A search attribute is
 * only what the starter says beside it.
 *
 * @returns null where there is nothing to be read, or it names no organization
 */
export async function readRunStart(client: Client, runId: string): Promise<RunStart | null> {
  const input = await startInput(client, runId);
  if (typeof input !== 'object' || input === null) return null;
  const { organizationId } = input as { organizationId?: unknown };
  if (typeof organizationId !== 'string') return null;
  try {
    return { organizationId, input: readRunInput(input, workflowIdOf(runId)) };
  } catch {
    return { organizationId, input: null };
  }
}

async function startInput(client: Client, runId: string): Promise<unknown> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId: workflowIdOf(runId) },
    maximumPageSize: 1,
  });
  const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
  try {
    const { loadedDataConverter } = client.options;
    return (await decodeArrayFromPayloads(loadedDataConverter, started?.input?.payloads))[0];
  } catch {
    // Encrypted, and without its key here: whose it is cannot be known, so it is nobody's.
    return null;
  }
}
