import type { RunEvent } from '../domain/events';
import type { Database } from './database';
import type { RunEvent as EventRow } from './generated/client';
import { commitRun } from './run-commit';
import type { RunAddress } from './run-rows';

export type EventStore = ReturnType<typeof createEventStore>;

/** Most events that one listing gives. */
export const MAX_EVENTS = 500;

export const createEventStore = (database: Database, now: () => number = Date.now) =>
  database.guarded({
    /** Idempotent by run and sequence: what is there stays. */
    async append(address: RunAddress, events: RunEvent[]): Promise<void> {
      await commitRun(database.client, { ...address, events, at: now() });
    },

    /**
     * Events after `since`, in order.
     *
     * @param since sequence of the last event known; -1 for none
     */
    async list(
      { runId, organizationId }: RunAddress,
      since: number,
      limit = MAX_EVENTS,
    ): Promise<RunEvent[]> {
      const rows = await database.client.runEvent.findMany({
        where: { runId, organizationId, sequence: { gt: since } },
        orderBy: { sequence: 'asc' },
        take: Math.min(limit, MAX_EVENTS),
      });
      return rows.map(eventOf);
    },

    /** The last events, in order. */
    async listLast({ runId, organizationId }: RunAddress, count: number): Promise<RunEvent[]> {
      const rows = await database.client.runEvent.findMany({
        where: { runId, organizationId },
        orderBy: { sequence: 'desc' },
        take: Math.min(count, MAX_EVENTS),
      });
      return rows.map(eventOf).reverse();
    },
  });

function eventOf({ runId, type, data, sequence, at }: EventRow): RunEvent {
  return { type, data, runId, sequence, at: at.getTime() } as unknown as RunEvent;
}
