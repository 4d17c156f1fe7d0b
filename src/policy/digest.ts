import type { CustomPolicy } from '../domain/policy';
import { splitRules } from './rule-blocks';

/**
 * What a model is told about its organization's policies: their prose, by name. Empty when there are none.
 *
 * Rule blocks are left out, since what they say is enforced and not asked for; a policy without one contributes its
 * bytes unchanged.
 */
export function policyDigest(policies: readonly CustomPolicy[]): string {
  const active = inDigestOrder(policies);
  if (active.length === 0) return '';
  return [
    '# Organization Policies',
    '',
    'You MUST follow these policies when making changes:',
    '',
    ...active.map((policy) => splitRules(policy.content).prose),
  ].join('\n');
}

/** The active policies by name, in code points; ties by id. */
export function inDigestOrder(policies: readonly CustomPolicy[]): CustomPolicy[] {
  return policies
    .filter((policy) => policy.isActive && !isDeleted(policy))
    .sort((one, other) => byCodePoints(one.name, other.name) || byCodePoints(one.id, other.id));
}

/** Where policies are kept. */
export interface ActivePolicies {
  listActive(organizationId: string): Promise<CustomPolicy[]>;
}

/** Compiles all active policies of an organization into a single document, as it is at dispatch. */
export const createBuildPolicyDigest =
  (policies: ActivePolicies) =>
  async (organizationId: string): Promise<string> =>
    policyDigest(await policies.listActive(organizationId));

// UTF-8 sorts as code points do; JavaScript's own comparison of UTF-16 units does not.
function byCodePoints(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

/** Rows of the database carry `deletedAt`. */
function isDeleted(policy: CustomPolicy & { deletedAt?: Date | null }): boolean {
  return policy.deletedAt !== undefined && policy.deletedAt !== null;
}
