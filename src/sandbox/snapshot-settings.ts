import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { ArtifactStore } from '../artifacts/artifact-store';
import { PASS_OVER } from '../domain/artifact-pass';
import { GatehouseError } from '../domain/errors';
import type { PolicySnapshotContent } from '../domain/policy';

/** What of a policy snapshot the sandbox needs. */
export type SnapshotSettings = Pick<PolicySnapshotContent, 'organizationId' | 'settings' | 'tools'>;

/**
 * Reads a snapshot by its id, which is the hash of its content.
 *
 * @throws GatehouseError `snapshot-unavailable`, or as the artifact store for what heals
 */
export type ReadSnapshot = (id: string, artifacts: Pick<ArtifactStore, 'get'>) => Promise<SnapshotSettings>;

export function createSnapshotReader(): ReadSnapshot {
  const cache = new LRUCache<string, SnapshotSettings>({ max: 100 });
  return async (id, artifacts) => {
    const known = cache.get(id);
    if (known) return known;
    try {
      const content = JSON.parse(Buffer.from(await artifacts.get(id)).toString('utf8'));
      shape.parse(content);
      cache.set(id, content);
      return content;
    } catch (cause) {
      if (cause instanceof GatehouseError && HEALS.has(cause.code)) throw cause;
      throw new GatehouseError('snapshot-unavailable', `policy snapshot \`${id}\` could not be loaded`, {
        cause,
      });
    }
  };
}

/** Another pass, or another attempt, may do. */
const HEALS: ReadonlySet<string> = new Set([...PASS_OVER, 'artifact-store-unavailable']);

/** Only what decides here is looked at: the hash says that it is what the gate compiled. */
const shape = z.looseObject({
  organizationId: z.string(),
  settings: z.looseObject({
    network: z.array(z.string()),
    protectedBranches: z.array(z.string()),
    protectedPaths: z.array(z.string()),
  }),
  tools: z.array(z.looseObject({ name: z.string() })),
});
