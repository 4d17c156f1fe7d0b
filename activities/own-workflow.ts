import { Context } from '@temporalio/activity';

/** Id of the workflow that asked for this activity; empty where none did. */
export function ownWorkflowId(): string {
  return Context.current().info.workflowExecution?.workflowId ?? '';
}
