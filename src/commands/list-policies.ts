import type { CustomPolicy } from '../domain/policy';
import type { PolicyVersion } from '../store/policy-store';
import type { CommandDependencies } from './dependencies';

type Dependencies = Pick<CommandDependencies, 'organizationId' | 'policies'>;

/** The organization's active policies, by name. */
export const createListPolicies =
  ({ organizationId, policies }: Dependencies) =>
  (): Promise<CustomPolicy[]> =>
    policies.listActive(organizationId);

/** Every version of a policy, latest first. @throws GatehouseError `policy-unknown` */
export const createShowPolicyHistory =
  ({ organizationId, policies }: Dependencies) =>
  (name: string): Promise<PolicyVersion[]> =>
    policies.history(organizationId, name);
