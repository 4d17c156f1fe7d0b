import { type ChildUsageInput, childRunId } from '../src/domain/child-run';
import { GatehouseError } from '../src/domain/errors';
import type { RunStore } from '../src/store/run-store';
import { toFailure } from './failures';

/** What a run asks about runs that it started. */
export const createChildRuns = ({ runs }: { runs: Pick<RunStore, 'get'> }) => ({
  /** @returns what counts against the budget of whoever started it; nothing of a run that was refused at its start */
  async usageOfChild({ runId, organizationId, child }: ChildUsageInput): Promise<{ tokens: number }> {
    try {
      if (!child.startsWith(childRunId(runId, '')))
        throw new GatehouseError('run-unknown', 'that run was not started by this one');
      const run = await runs.get(organizationId, child);
      return { tokens: run?.usage?.tokens ?? 0 };
    } catch (error) {
      throw toFailure(error);
    }
  },
});
