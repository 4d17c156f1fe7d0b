import type { RunStatus } from '../domain/run';
import type { RunPage } from '../store/run-store';
import type { CommandDependencies } from './dependencies';

export interface ListRunsRequest {
  status?: RunStatus;
  agent?: string;
  /** At most 200. @default 50 */
  limit?: number;
  /** `next` of the page before. */
  cursor?: string | null;
}

/** The organization's runs, newest first, as recorded at their last step. @throws GatehouseError `cursor-malformed` */
export const createListRuns =
  ({ organizationId, runs }: Pick<CommandDependencies, 'organizationId' | 'runs'>) =>
  (request: ListRunsRequest = {}): Promise<RunPage> =>
    runs.list({ organizationId, ...request });
