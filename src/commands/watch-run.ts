import { setTimeout as pause } from 'node:timers/promises';
import type { RunEvent } from '../domain/events';
import { isEnded, type RunStatus } from '../domain/run';
import type { CommandDependencies } from './dependencies';
import { closedStatus, requireRun } from './find-run';

export interface WatchRunRequest {
  runId: string;
  /** Sequence of the last event known. @default -1, all */
  since?: number;
  /** Ends the watching, not the run. */
  signal?: AbortSignal;
}

/** How a watched run ended. */
export interface RunEnd {
  status: RunStatus;
  text: string;
}

const POLL_EVERY_MS = 200;
/** Every so many polls Temporal is asked whether a run is over that the database holds open. */
const POLLS_PER_DESCRIPTION = 10;

/**
 * The events of a run as they are recorded, until it has ended.
 *
 * @returns how it ended, after its last event; null when the watching was ended first
 * @throws GatehouseError `run-unknown`, `database-unreachable`, `temporal-unreachable`
 */
export const createWatchRun = (
  dependencies: Pick<CommandDependencies, 'organizationId' | 'runs' | 'events' | 'temporal'>,
) =>
  async function* watchRun(request: WatchRunRequest): AsyncGenerator<RunEvent, RunEnd | null> {
    const { runId, since = -1, signal } = request;
    const { organizationId, runs, events } = dependencies;
    await requireRun(dependencies, runId);
    let last = since;
    for (let poll = 1; !signal?.aborted; poll++) {
      // Asked before the events: those of the last step are there by then.
      const end = (await recordedEnd()) ?? (poll % POLLS_PER_DESCRIPTION === 0 ? await closedEnd() : null);
      for (;;) {
        const page = await events.list({ runId, organizationId }, last);
        if (page.length === 0) break;
        for (const event of page) {
          last = event.sequence;
          yield event;
        }
      }
      if (end) return end;
      await pause(POLL_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
    return null;

    async function recordedEnd(): Promise<RunEnd | null> {
      const run = await runs.get(organizationId, runId);
      return run && isEnded(run.status) ? { status: run.status, text: run.outcome?.text ?? '' } : null;
    }

    /** A run that was refused at dispatch, or terminated by hand, leaves no end in the database. */
    async function closedEnd(): Promise<RunEnd | null> {
      const description = await dependencies.temporal.onRun(runId, (handle) => handle.describe());
      const status = closedStatus(description.status.name);
      if (status === null) return null;
      return (await recordedEnd()) ?? { status, text: await failureOf() };
    }

    async function failureOf(): Promise<string> {
      try {
        await dependencies.temporal.onRun(runId, (handle) => handle.result());
        return '';
      } catch (error) {
        const { cause } = error as { cause?: unknown };
        return cause instanceof Error ? cause.message : 'it was closed without an outcome';
      }
    }
  };
