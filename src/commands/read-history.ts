import type { Caller } from '../domain/caller';
import { GatehouseError } from '../domain/errors';
import { runIdOf } from '../domain/run';
import type { CommandDependencies } from './dependencies';
import { requireRun } from './find-run';

/** What somebody wants decoded of Temporal's histories. */
export interface HistoryRequest {
  /** Ids of the workflows that payloads name. */
  workflows: readonly string[];
  /** Whether there are payloads that name none. */
  hasUnknown: boolean;
}

/**
 * Lets somebody read what runs of their organization said in Temporal, and records that they did. What does not say of
 * which run it is may be anybody's: it is read only where there is one organization.
 *
 * @throws GatehouseError `run-unknown` for a run of another organization, `history-unknown`, `database-unreachable`,
 *   `temporal-unreachable`
 */
export const createReadHistory =
  (
    dependencies: Pick<
      CommandDependencies,
      'organizationId' | 'runs' | 'temporal' | 'organizations' | 'historyReads'
    >,
  ) =>
  async ({ workflows, hasUnknown }: HistoryRequest, by: Pick<Caller, 'person' | 'proof'>): Promise<void> => {
    const { organizationId, organizations, historyReads } = dependencies;
    const runs = workflows.map(runIdOf);
    const isSomeUnknown = hasUnknown || runs.includes(null);
    if (isSomeUnknown && !(await organizations.isAlone(organizationId))) throw unknown();
    const known = [...new Set(runs)].filter((runId) => runId !== null);
    for (const runId of known) await requireRun(dependencies, runId);
    for (const runId of isSomeUnknown ? [...known, null] : known)
      await historyReads.record({ organizationId, ...by }, runId);
  };

function unknown(): GatehouseError {
  return new GatehouseError(
    'history-unknown',
    'this payload does not say of which run it is, and there is more than one organization here',
  );
}
