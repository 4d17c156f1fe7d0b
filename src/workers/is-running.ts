import { type WorkflowClient, WorkflowNotFoundError } from '@temporalio/client';
import { workflowIdOf } from '../domain/run';

/** Whether a run goes on, as Temporal knows it; null where it knows no such run. */
export async function isRunning(
  workflow: Pick<WorkflowClient, 'getHandle'>,
  runId: string,
): Promise<boolean | null> {
  try {
    const { status } = await workflow.getHandle(workflowIdOf(runId)).describe();
    return status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}
