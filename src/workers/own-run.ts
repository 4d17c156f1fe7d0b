import type { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInterceptors } from '@temporalio/worker';
import { workflowIdOf } from '../domain/run';

/**
 * Control's activities answer a run only: what names a run is refused unless that run's own workflow asks. Whoever may
 * start workflows could otherwise have another run's calls judged, recorded and granted by facts of his own, and the run
 * would not know.
 */
export function ownRunOnly({ info }: Context): ActivityInterceptors {
  return {
    inbound: {
      execute(input, next) {
        const runId = runNamedIn(input.args[0]);
        if (runId === undefined || info.workflowExecution?.workflowId === workflowIdOf(String(runId)))
          return next(input);
        throw ApplicationFailure.nonRetryable(
          `workflow \`${info.workflowExecution?.workflowId}\` is not that of the run it names`,
          'run-unknown',
        );
      },
    },
  };
}

function runNamedIn(argument: unknown): unknown {
  return typeof argument === 'object' && argument !== null && 'runId' in argument
    ? argument.runId
    : undefined;
}
