import type { ProbeResult } from '../src/domain/probe';
import type { ExecuteInput } from '../src/domain/steps';
import type { Executor } from '../src/sandbox/execute';
import { toFailure } from './failures';
import { withHeartbeat } from './heartbeat';

/** The sandbox worker's activity that finds out what became of a call on a host that is lost. It starts nothing. */
export const createProbeTool = ({ executor }: { executor: Executor }) => ({
  async probeTool({ runId, grant, calls, pass }: ExecuteInput): Promise<ProbeResult> {
    try {
      return await withHeartbeat((signal) =>
        executor.probe({ runId, grant, calls, pass, audience: 'activity' }, signal),
      );
    } catch (error) {
      throw toFailure(error);
    }
  },
});
