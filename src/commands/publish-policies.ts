import type { PolicyFile } from '../policy/policy-file';
import type { Publication } from '../store/policy-store';
import type { CommandDependencies } from './dependencies';
import { tellWaitingRuns } from './tell-waiting-runs';

export interface PublishedPolicies {
  publications: Publication[];
  /** How many runs decide again what waits for approval. */
  runsTold: number;
}

type Dependencies = Pick<CommandDependencies, 'organizationId' | 'policies' | 'approvals' | 'temporal'>;

/**
 * Publishes policies, all of them or none. Where they are stricter they count at once, in runs that began before too.
 *
 * @throws GatehouseError `policy-version-taken`, `organization-unknown`
 */
export const createPublishPolicies =
  (dependencies: Dependencies) =>
  async (files: readonly PolicyFile[], by: string): Promise<PublishedPolicies> => {
    const { organizationId, policies } = dependencies;
    const publications = await policies.publishAll(organizationId, files, by);
    const isChanged = publications.some((each) => each.isChanged);
    return { publications, runsTold: isChanged ? await tellWaitingRuns(dependencies) : 0 };
  };
