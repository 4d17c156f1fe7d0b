import { WorkflowExecutionAlreadyStartedError, WorkflowIdReusePolicy } from '@temporalio/common';
import {
  CancellationScope,
  ChildWorkflowCancellationType,
  ChildWorkflowFailure,
  executeChild,
  isCancellation,
  ParentClosePolicy,
} from '@temporalio/workflow';
import type { CallOutcome } from '../src/domain/call';
import { type ChildRun, childRunInput, childRunText } from '../src/domain/child-run';
import { type RunInput, type RunOutcome, workflowIdOf } from '../src/domain/run';
import { localControl, control as regularControl } from './activities';
import { eitherWay } from './either-way';
import { publicTextOf } from './failures';
import { AGENT_RUN, searchAttributes } from './messages';
import type { RunState } from './run-state';

/**
 * Starts another agent's run as a child workflow and waits for its end. What it used counts against this run's tokens.
 * When this run ends before, the other one is stopped.
 *
 * @throws a cancellation, when this run is stopped meanwhile
 */
export async function runChild(run: RunState, callId: string, child: ChildRun): Promise<CallOutcome> {
  const { organizationId } = run.input;
  const input = childRunInput(run.input, callId, child, {
    limits: run.budgetLimits,
    used: run.budget.snapshot(),
  });
  const outcome = await outcomeOf(
    executeChild<(input: RunInput) => Promise<RunOutcome>>(AGENT_RUN, {
      workflowId: workflowIdOf(input.runId),
      args: [input],
      workflowIdReusePolicy: WorkflowIdReusePolicy.REJECT_DUPLICATE,
      // As other starters do: a worker that was killed is noticed after this.
      workflowTaskTimeout: '3s',
      parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
      cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_REQUESTED,
      typedSearchAttributes: [
        { key: searchAttributes.organization, value: organizationId },
        { key: searchAttributes.agent, value: child.agent },
        { key: searchAttributes.status, value: 'QUEUED' },
      ],
      staticSummary: `for run ${run.input.runId}`,
    }),
  );
  if (outcome === null) {
    const text = `there is a run \`${input.runId}\` already, which this one did not start; nothing was done`;
    return { kind: 'failed', callId, text };
  }
  const { tokens } = await eitherWay(localControl.usageOfChild, regularControl.usageOfChild, {
    ...{ runId: run.input.runId, organizationId },
    child: input.runId,
  });
  run.budget.recordTokens(tokens);
  return {
    kind: outcome.status === 'COMPLETED' ? 'done' : 'failed',
    callId,
    text: childRunText(input.runId, child.agent, outcome),
  };
}

/** Null where somebody else has started a run of this id. */
async function outcomeOf(ended: Promise<RunOutcome>): Promise<RunOutcome | null> {
  try {
    return await ended;
  } catch (error) {
    if (CancellationScope.current().consideredCancelled) throw error;
    if (error instanceof WorkflowExecutionAlreadyStartedError) return null;
    if (!(error instanceof ChildWorkflowFailure)) throw error;
    if (isCancellation(error)) return { status: 'CANCELLED', text: 'an operator stopped it' };
    return { status: 'FAILED', text: publicTextOf(error.cause) };
  }
}
