import type { StoredRun } from '../store/run-store';
import type { CommandDependencies } from './dependencies';

/** The runs of these ids, as recorded at their last step; those of others are not among them. */
export const createDescribeRuns =
  ({ organizationId, runs }: Pick<CommandDependencies, 'organizationId' | 'runs'>) =>
  async (ids: Iterable<string>): Promise<ReadonlyMap<string, StoredRun>> => {
    const found = await runs.getMany(organizationId, [...new Set(ids)]);
    return new Map(found.map((run) => [run.id, run]));
  };
