import { GatehouseError } from '../domain/errors';
import type { RunEvent } from '../domain/events';
import { isEnded, type RunStatus } from '../domain/run';
import type { LiveEvents } from '../store/live-events';
import { closedStatus, type FindRunDependencies, requireRun } from './find-run';

export interface FollowRunRequest {
  runId: string;
  /** Sequence of the last event known. @default -1, all */
  since?: number;
  live: LiveEvents;
  /** How long it stays silent at most, in milliseconds. @default 15_000 */
  heartbeatMs?: number;
}

export interface FollowedRun {
  /** Whether the run has ended and its last event is known already. */
  isOver: boolean;
  /**
   * What happens from then on. The signal ends the following, not the run.
   *
   * @returns the run's last status, after its last event; null when the following was ended first
   */
  steps(signal: AbortSignal): AsyncGenerator<FollowedStep, RunStatus | null>;
}

/** What happens on the way: at least one new event, or nothing for a while. */
export type FollowedStep = { kind: 'events'; events: RunEvent[] } | { kind: 'silence' };

/** How often a run is followed without a word from the database, in milliseconds. */
const HEARTBEAT_MS = 15_000;
/** When the database is asked again that did not answer, in milliseconds. */
const RETRY_MS = 1_000;

/**
 * The events of a run as they are committed, until it has ended: each once, in order. Nothing is kept for whoever is
 * slow; they read on from where they are.
 *
 * Sequences of one run are committed in their order, since a run has one writer: so none comes late.
 *
 * @throws GatehouseError `run-unknown`, `database-unreachable`, `temporal-unreachable`, all before the first step
 */
export const createFollowRun =
  (dependencies: FindRunDependencies) =>
  async (request: FollowRunRequest): Promise<FollowedRun> => {
    const { runId, since = -1, live } = request;
    const address = { runId, organizationId: dependencies.organizationId };
    const run = await dependencies.runs.get(address.organizationId, runId);
    if (!run) await requireRun(dependencies, runId);
    const ended = run && isEnded(run.status) ? run.status : null;
    return {
      isOver: ended !== null && (await live.list(address, since)).length === 0,
      steps: (signal) => steps(dependencies, request, { ended, isRecorded: run !== null }, signal),
    };
  };

async function* steps(
  dependencies: FindRunDependencies,
  { runId, since = -1, live, heartbeatMs = HEARTBEAT_MS }: FollowRunRequest,
  known: { ended: RunStatus | null; isRecorded: boolean },
  signal: AbortSignal,
): AsyncGenerator<FollowedStep, RunStatus | null> {
  const address = { runId, organizationId: dependencies.organizationId };
  let last = since;
  const bell = createBell(signal);
  const stop = live.onRun(address, (heard) => {
    if (heard === null || heard.sequence > last) bell.ring();
  });
  let { ended } = known;
  let isCheckDue = !known.isRecorded;
  try {
    while (!signal.aborted) {
      bell.reset();
      // Asked before the events: those of the last step are there by then.
      if (isCheckDue) ended = await whenReached(() => endOf(dependencies, runId));
      isCheckDue = false;
      let isReached = true;
      for (;;) {
        const events = await whenReached(() => live.list(address, last));
        isReached = events !== null;
        if (events === null || events.length === 0) break;
        last = events.at(-1)!.sequence;
        yield { kind: 'events', events };
        const status = events.map(endingStatus).find((each) => each !== null);
        if (status) return status;
        if (signal.aborted) return null;
      }
      if (isReached && ended !== null) return ended;
      if (await bell.rungWithin(isReached ? heartbeatMs : Math.min(RETRY_MS, heartbeatMs))) continue;
      isCheckDue = true;
      if (!signal.aborted) yield { kind: 'silence' };
    }
    return null;
  } finally {
    stop();
  }
}

/** Null where a server does not answer for now: a listener stays and is told once it does. */
async function whenReached<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof GatehouseError && /^(database|temporal)-unreachable$/.test(error.code)) return null;
    throw error;
  }
}

/** Rings until it is reset; one that is rung while nobody waits is heard by who waits next. */
function createBell(signal: AbortSignal) {
  let isRung = false;
  let wake: (() => void) | null = null;
  const ring = () => {
    isRung = true;
    wake?.();
  };
  signal.addEventListener('abort', ring, { once: true });
  return {
    ring,
    reset: () => {
      isRung = signal.aborted;
    },
    /** Whether it rang before so many milliseconds were over. */
    async rungWithin(limitMs: number): Promise<boolean> {
      if (isRung) return true;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, limitMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      wake = null;
      return isRung;
    },
  };
}

/** The status of an event after which none follows. */
function endingStatus(event: RunEvent): RunStatus | null {
  return event.type === 'status' && isEnded(event.data.status) ? event.data.status : null;
}

/** A run that was refused at dispatch, or terminated by hand, leaves no end in the database; Temporal knows of it. */
async function endOf(
  { runs, temporal, organizationId }: FindRunDependencies,
  runId: string,
): Promise<RunStatus | null> {
  const run = await runs.get(organizationId, runId);
  if (run && isEnded(run.status)) return run.status;
  const { status } = await temporal.onRun(runId, (handle) => handle.describe());
  return closedStatus(status.name);
}
