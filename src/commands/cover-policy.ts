import { LRUCache } from 'lru-cache';
import { canonicalJson } from '../domain/canonical-json';
import { sha256 } from '../domain/hashing';
import { type Coverage, coverageOfStored } from '../policy/check/coverage';
import type { PolicyFile } from '../policy/policy-file';
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
    const coverage = await covered({ name, version, content, ...(tests === null ? {} : { tests }) });
    return { name, version, hasTests: tests !== null, ...coverage };
  };

/** By what it follows from: taking each rule out and trying its tests anew takes a second on a busy machine. */
const known = new LRUCache<string, Promise<Coverage>>({ max: 100 });

function covered(policy: PolicyFile): Promise<Coverage> {
  const key = sha256(canonicalJson(policy));
  const found = known.get(key) ?? coverageOfStored(policy);
  known.set(key, found);
  found.catch(() => known.delete(key));
  return found;
}
