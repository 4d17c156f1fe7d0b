import { Client } from 'pg';
import { z } from 'zod';
import type { RunEvent } from '../domain/events';
import { placeOf } from './database';
import type { EventStore } from './event-store';
import type { RunAddress } from './run-rows';

/** Says that a run has new events, not what they are. */
export interface RunNudge {
  organizationId: string;
  runId: string;
  /** Of the newest event. */
  sequence: number;
  /** Kinds of the new events. */
  types: string[];
}

/** What was told: a nudge, or null when some may have been missed and everything is to be read again. */
export type Heard = RunNudge | null;

export interface LiveEvents {
  /** Hears of a run's new events until the answer is called. */
  onRun(address: RunAddress, hear: (heard: Heard) => void): () => void;
  /** Hears of new events of all of an organization's runs until the answer is called. */
  onOrganization(organizationId: string, hear: (heard: Heard) => void): () => void;
  /** As the store's; those who ask at once for the same share one reading. */
  list(address: RunAddress, since: number): Promise<RunEvent[]>;
  /** Whether nudges arrive now. */
  readonly isListening: boolean;
  close(): Promise<void>;
}

export interface LiveEventsOptions {
  databaseUrl: string;
  events: Pick<EventStore, 'list'>;
  /** Hears of connections that were lost. */
  warn: (message: string, cause: unknown) => void;
}

const CHANNEL = 'gatehouse_events';
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 5_000;
/** A connection that is silently gone is noticed after this and the timeout of the question. */
const ASKED_EVERY_MS = 10_000;

const nudge = z.object({
  organizationId: z.string(),
  runId: z.string(),
  sequence: z.number().int(),
  types: z.array(z.string()).default([]),
});

/**
 * One connection that listens for everybody in this process. Nudges carry no content: whoever hears one reads from where
 * they are, so a nudge that is lost or comes twice does no harm. After a lost connection all read again.
 */
export function openLiveEvents({ databaseUrl, events, warn }: LiveEventsOptions): LiveEvents {
  placeOf(databaseUrl);
  const ofRuns = createListeners();
  const ofOrganizations = createListeners();
  const readings = new Map<string, Promise<RunEvent[]>>();
  let connection: Client | null = null;
  let isListening = false;
  let isClosed = false;
  let waitMs = FIRST_WAIT_MS;
  let timer: NodeJS.Timeout | undefined;

  void connect();

  async function connect(): Promise<void> {
    const client = new Client({
      connectionString: databaseUrl,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      application_name: 'gatehouse-events',
    });
    connection = client;
    let isLost = false;
    const lose = (cause: unknown) => {
      if (isLost) return;
      isLost = true;
      isListening = false;
      client.end().catch(() => undefined);
      if (isClosed) return;
      warn(`listening for events again in ${waitMs} ms`, cause);
      timer = setTimeout(() => void connect(), waitMs);
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
    };
    client.on('error', lose);
    client.on('end', () => lose(new Error('the connection ended')));
    client.on('notification', ({ payload }) => told(payload ?? ''));
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
    } catch (error) {
      lose(error);
      return;
    }
    if (isLost || isClosed) return;
    waitMs = FIRST_WAIT_MS;
    isListening = true;
    // Whatever was told before cannot be known.
    ofRuns.tellAll(null);
    ofOrganizations.tellAll(null);
    ask();

    function ask(): void {
      timer = setTimeout(() => {
        if (isLost || isClosed) return;
        client.query('SELECT 1').then(ask, lose);
      }, ASKED_EVERY_MS);
      timer.unref();
    }
  }

  function told(payload: string): void {
    const heard = parsed(payload);
    if (!heard) return;
    ofRuns.tell(keyOf(heard), heard);
    ofOrganizations.tell(heard.organizationId, heard);
  }

  return {
    onRun: (address, hear) => ofRuns.add(keyOf(address), hear),
    onOrganization: (organizationId, hear) => ofOrganizations.add(organizationId, hear),

    list(address, since) {
      const key = `${keyOf(address)} ${since}`;
      const known = readings.get(key);
      if (known) return known;
      const reading = events.list(address, since).finally(() => readings.delete(key));
      readings.set(key, reading);
      return reading;
    },

    get isListening() {
      return isListening;
    },

    async close() {
      isClosed = true;
      isListening = false;
      clearTimeout(timer);
      await connection?.end().catch(() => undefined);
    },
  };
}

/** Listeners by what they listen to. */
function createListeners() {
  const listeners = new Map<string, Set<(heard: Heard) => void>>();
  const tellEach = (hearers: Iterable<(heard: Heard) => void>, heard: Heard) => {
    for (const hear of [...hearers]) hear(heard);
  };
  return {
    add(key: string, hear: (heard: Heard) => void): () => void {
      const others = listeners.get(key) ?? new Set();
      listeners.set(key, others.add(hear));
      return () => {
        others.delete(hear);
        if (others.size === 0 && listeners.get(key) === others) listeners.delete(key);
      };
    },
    tell: (key: string, heard: Heard) => tellEach(listeners.get(key) ?? [], heard),
    tellAll: (heard: Heard) =>
      tellEach(
        [...listeners.values()].flatMap((each) => [...each]),
        heard,
      ),
  };
}

function keyOf({ organizationId, runId }: RunAddress): string {
  return JSON.stringify([organizationId, runId]);
}

function parsed(payload: string): RunNudge | null {
  try {
    return nudge.parse(JSON.parse(payload));
  } catch {
    return null;
  }
}
