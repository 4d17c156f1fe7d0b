import { LRUCache } from 'lru-cache';
import { missing } from '../artifacts/artifact-errors';
import type { ArtifactStore } from '../artifacts/artifact-store';
import type { Database } from './database';

/**
 * What a run's workers name, for processes that have the whole store: a host could name what is another run's, and have it
 * judged aloud or shown to the wrong people.
 */
export interface OwnArtifacts {
  /** @throws GatehouseError `artifact-missing` for one that is not the run's */
  require(runId: string, hashes: readonly string[]): Promise<void>;
  /** The store, as far as it is the run's. */
  of(runId: string, store: Pick<ArtifactStore, 'get'>): Pick<ArtifactStore, 'get'>;
}

/** Goes by the table of `createArtifactAccess`; a run that is over keeps what is its own. */
export function createOwnArtifacts(database: Database): OwnArtifacts {
  const { among } = database.guarded({
    among: (runId: string, hashes: string[]) => database.client.$queryRaw<{ hash: string }[]>`
      SELECT "hash" FROM "RunArtifact" WHERE "runId" = ${runId} AND "hash" = ANY(${hashes}::text[])`,
  });
  /** What is a run's stays so; by run and hash. */
  const known = new LRUCache<string, true>({ max: 50_000 });

  async function requireOwn(runId: string, hashes: readonly string[]): Promise<void> {
    const asked = [...new Set(hashes)].filter((hash) => !known.has(`${runId} ${hash}`));
    if (asked.length === 0) return;
    const found = new Set((await among(runId, asked)).map(({ hash }) => hash));
    for (const hash of found) known.set(`${runId} ${hash}`, true);
    const foreign = asked.find((hash) => !found.has(hash));
    if (foreign !== undefined) throw missing(foreign);
  }

  return {
    require: requireOwn,
    of: (runId, store) => ({
      async get(hash) {
        await requireOwn(runId, [hash]);
        return store.get(hash);
      },
    }),
  };
}
