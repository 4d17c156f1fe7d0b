import type { ExecuteInput, ExecuteResult } from '../src/domain/steps';
import type { Executor } from '../src/sandbox/execute';
import { toFailure } from './failures';
import { withHeartbeat } from './heartbeat';

/** The sandbox worker's activity that carries out granted calls: one effect, or consecutive reads. */
export const createExecuteTool = ({ executor }: { executor: Executor }) => ({
  async executeTool({ runId, grant, pass, calls }: ExecuteInput): Promise<ExecuteResult> {
    try {
      return await withHeartbeat((signal) =>
        executor.execute({ runId, grant, pass, calls, audience: 'activity' }, signal),
      );
    } catch (error) {
      throw toFailure(error);
    }
  },
});
