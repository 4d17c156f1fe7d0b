import { GatehouseError } from '../src/domain/errors';
import { workflowIdOf } from '../src/domain/run';
import type { FinishInput } from '../src/domain/steps';
import { toFailure } from './failures';
import { ownWorkflowId } from './own-workflow';

/** Where the end of a run is kept. Idempotent by run. */
export interface FinishStore {
  finish(input: FinishInput): Promise<void>;
}

/** Where the end of a run's audit chain is remembered beyond the run. Idempotent by run and chain. */
export interface RunAnchors {
  anchorRun(run: { runId: string; organizationId: string }): Promise<unknown>;
}

/** Where credentials of a run are revoked. Idempotent; what fails now is tried again without us. */
export interface RunCredentials {
  revokeRun(run: { runId: string; organizationId: string }): Promise<void>;
}

export interface FinishDependencies {
  runs: FinishStore;
  anchors: RunAnchors;
  /** Absent where there is no credential broker. */
  credentials?: RunCredentials;
}

/**
 * Closes a run: its outcome, its last events, the closing audit record, its credentials, and where its chain of records
 * ends.
 */
export const createFinish = ({ runs, anchors, credentials }: FinishDependencies) => ({
  async finish(input: FinishInput): Promise<void> {
    try {
      const workflowId = ownWorkflowId();
      // A workflow that was refused as another run's must not end that run.
      if (workflowId !== workflowIdOf(input.runId))
        throw new GatehouseError('run-unknown', `workflow \`${workflowId}\` is not that of the run it names`);
      await runs.finish(input);
      const { runId, organizationId } = input;
      await credentials?.revokeRun({ runId, organizationId });
      await anchors.anchorRun(input);
    } catch (error) {
      throw toFailure(error);
    }
  },
});
