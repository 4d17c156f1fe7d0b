import type { Workspaces } from '../src/sandbox/workspace';
import { toFailure } from './failures';

/** The sandbox worker's activity that removes a run's workspace, on the host that holds it. Idempotent. */
export const createDiscard = ({ workspaces }: { workspaces: Pick<Workspaces, 'remove'> }) => ({
  async discard(runId: string): Promise<void> {
    try {
      await workspaces.remove(runId);
    } catch (error) {
      throw toFailure(error);
    }
  },
});
