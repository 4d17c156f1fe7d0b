import { LRUCache } from 'lru-cache';
import type { ArtifactStore } from '../artifacts/artifact-store';
import { GatehouseError } from '../domain/errors';
import { sha256 } from '../domain/hashing';
import type { PolicySnapshot, PolicySnapshotContent } from '../domain/policy';

/** Loads a policy snapshot for a run, from the artifacts that it may read. @throws GatehouseError `snapshot-mismatch`, or as the artifact store */
export type LoadSnapshot = (id: string, artifacts: Pick<ArtifactStore, 'get'>) => Promise<PolicySnapshot>;

/** Snapshots from the artifact store, each checked against its id once and then remembered: they never change. */
export function createLoadSnapshot(): LoadSnapshot {
  const known = new LRUCache<string, PolicySnapshot>({ max: 200 });
  return async (id, artifacts) => {
    const snapshot = known.get(id) ?? (await load(id, artifacts));
    known.set(id, snapshot);
    return snapshot;
  };
}

async function load(id: string, artifacts: Pick<ArtifactStore, 'get'>): Promise<PolicySnapshot> {
  const content = await artifacts.get(id);
  // The store checks too; what a run is pinned to is not left to one check.
  if (sha256(content) !== id)
    throw new GatehouseError('snapshot-mismatch', `policy snapshot \`${id}\` is not what its id says`);
  return { ...(JSON.parse(Buffer.from(content).toString('utf8')) as PolicySnapshotContent), id };
}
