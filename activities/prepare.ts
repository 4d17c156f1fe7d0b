import type { PreparedWorkspace, PrepareInput } from '../src/domain/steps';
import type { Workspaces } from '../src/sandbox/workspace';
import { toFailure } from './failures';
import { withHeartbeat } from './heartbeat';

export interface PrepareDependencies {
  workspaces: Workspaces;
  /** This host, as grants name it and as it proves itself. */
  host: { name: string; thumbprint: string };
}

/** The sandbox worker's activity that makes a run's workspace on this host. */
export const createPrepare = ({ workspaces, host }: PrepareDependencies) => ({
  /** Done again, it answers for the workspace that is there. */
  async prepare(input: PrepareInput): Promise<PreparedWorkspace> {
    try {
      const state = await withHeartbeat((signal) => workspaces.prepare(input, signal));
      return { host: host.name, keyThumbprint: host.thumbprint, ...state };
    } catch (error) {
      throw toFailure(error);
    }
  },
});
