import { canonicalJson } from '../domain/canonical-json';
import { GatehouseError } from '../domain/errors';
import { sha256 } from '../domain/hashing';
import type { PolicySnapshot, PolicySnapshotContent } from '../domain/policy';
import type { Database } from './database';

export type SnapshotStore = ReturnType<typeof createSnapshotStore>;

/** Snapshots remembered after they were checked: they never change. */
const MAX_REMEMBERED = 200;

export const createSnapshotStore = (database: Database) => {
  const checked = new Map<string, PolicySnapshot>();
  return database.guarded({
    /** Keeps a snapshot; one that is there already stays as it is. */
    async save({ id, ...content }: PolicySnapshot): Promise<void> {
      const text = canonicalJson(content);
      if (sha256(text) !== id) throw mismatch(id);
      await database.client.$executeRaw`
        INSERT INTO "PolicySnapshot" ("id", "organizationId", "content")
        VALUES (${id}, ${content.organizationId}, ${text}) ON CONFLICT ("id") DO NOTHING`;
    },

    /**
     * Loads a snapshot and compares its content with its id.
     *
     * @throws GatehouseError `snapshot-unavailable`, `snapshot-mismatch`
     */
    async load(id: string): Promise<PolicySnapshot> {
      const known = checked.get(id);
      if (known) return known;
      const row = await database.client.policySnapshot.findUnique({ where: { id } });
      if (!row)
        throw new GatehouseError('snapshot-unavailable', `policy snapshot \`${id}\` could not be loaded`);
      if (sha256(row.content) !== id) throw mismatch(id);
      const snapshot = { ...(JSON.parse(row.content) as PolicySnapshotContent), id };
      if (checked.size >= MAX_REMEMBERED) checked.delete(checked.keys().next().value ?? '');
      checked.set(id, snapshot);
      return snapshot;
    },
  });
};

function mismatch(id: string): GatehouseError {
  return new GatehouseError('snapshot-mismatch', `policy snapshot \`${id}\` is not what its id says`);
}
