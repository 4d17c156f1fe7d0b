import { GatehouseError } from '../domain/errors';
import type { PolicyVersion } from '../store/policy-store';

/** One of the versions of a policy. @throws GatehouseError `policy-version-unknown` */
export function versionOf(name: string, versions: readonly PolicyVersion[], wanted: number): PolicyVersion {
  const found = versions.find(({ version }) => version === wanted);
  if (found) return found;
  throw new GatehouseError(
    'policy-version-unknown',
    `policy \`${name}\` has no version ${wanted}; it has ${versions.map(({ version }) => version).join(', ')}`,
  );
}
