import { type Coverage, coverageOfStored } from '../policy/check/coverage';
import type { CommandDependencies } from './dependencies';
import { versionOf } from './policy-version';

/** What a version of a policy enforces, as the tests that are kept with it prove. */
export interface PolicyCoverage extends Coverage {
  name: string;
  version: number;
  /** False for a version that was published without tests: nothing is proven. */
  hasTests: boolean;
}

/**
 * Says of each bullet of a published policy whether a rule enforces it, by the tests that were published with it.
 *
 * @throws GatehouseError `policy-unknown`, `policy-version-unknown`
 */
export const createCoverPolicy =
  ({ organizationId, policies }: Pick<CommandDependencies, 'organizationId' | 'policies'>) =>
  async (name: string, { version: wanted }: { version?: number } = {}): Promise<PolicyCoverage> => {
    const versions = await policies.history(organizationId, name);
    const { version, content, tests } =
      wanted === undefined ? versions[0]! : versionOf(name, versions, wanted);
    const coverage = await coverageOfStored({ name, version, content, tests: tests ?? undefined });
    return { name, version, hasTests: tests !== null, ...coverage };
  };
