import type { HeldCredentials } from '../src/sandbox/held-credentials';
import type { Workspaces } from '../src/sandbox/workspace';
import { toFailure } from './failures';

export interface DiscardDependencies {
  workspaces: Pick<Workspaces, 'remove'>;
  /** Absent where there is no credential broker. */
  credentials?: Pick<HeldCredentials, 'forget'>;
}

/** The sandbox worker's activity that forgets a run and removes its workspace, on the host that holds it. Idempotent. */
export const createDiscard = ({ workspaces, credentials }: DiscardDependencies) => ({
  async discard(runId: string): Promise<void> {
    try {
      credentials?.forget(runId);
      await workspaces.remove(runId);
    } catch (error) {
      throw toFailure(error);
    }
  },
});
