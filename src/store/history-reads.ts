import type { Caller } from '../domain/caller';
import type { Database } from './database';
import { appendOrganizationRecords } from './organization-audit';

export type HistoryReads = ReturnType<typeof createHistoryReads>;

/** Who read which history, as it is told apart: a page of the Temporal UI asks a hundred times. */
const MAX_REMEMBERED = 10_000;

/** Who had Temporal's histories decoded, in the organization's own chain. */
export const createHistoryReads = (database: Database, now: () => number = Date.now) => {
  const { client } = database;
  const recorded = new Set<string>();
  return database.guarded({
    /**
     * Keeps that somebody read what a run said, once a day for each of both.
     *
     * @param runId null for what does not say of which run it is
     */
    async record(
      { organizationId, person, proof }: Pick<Caller, 'organizationId' | 'person' | 'proof'>,
      runId: string | null,
    ): Promise<void> {
      const at = now();
      const kind = 'history-read';
      const day = new Date(at).toISOString().slice(0, 10);
      const key = `${kind}:${JSON.stringify([day, person, runId])}`;
      const remembered = `${organizationId} ${key}`;
      if (recorded.has(remembered)) return;
      await client.$transaction((transaction) =>
        appendOrganizationRecords(transaction, organizationId, [
          { key, kind, at, body: { run: runId, by: person, proof } },
        ]),
      );
      if (recorded.size >= MAX_REMEMBERED) recorded.clear();
      recorded.add(remembered);
    },
  });
};
