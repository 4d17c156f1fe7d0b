import { setTimeout as pause } from 'node:timers/promises';
import { publicMessage } from '../domain/errors';
import { describeExit, type ProcessDescription, type ProcessExit, type ProcessGroup } from './process';

export interface SupervisorOptions {
  /** Holds only what is supervised. */
  processes: ProcessGroup;
  /** Hears, in a line, of each process that died and of each that is back. */
  warn: (line: string) => void;
  /** Wait before the first restart; doubles with each that follows soon. @default 500 */
  firstWaitMs?: number;
  /** @default 30_000 */
  longestWaitMs?: number;
}

export interface Supervisor {
  /** Starts processes side by side; throws `process-not-ready` when one does not become ready the first time. */
  start(descriptions: readonly ProcessDescription[]): Promise<void>;
  /** Stops all, and restarts none. */
  stop(): Promise<void>;
}

/** A process that lived this long starts again with the shortest wait. */
const SETTLED_AFTER_MS = 60_000;

/** Keeps processes running: one that dies is started again, sooner or later, until it is stopped. */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { processes, warn, firstWaitMs = 500, longestWaitMs = 30_000 } = options;
  const known = new Map<string, { description: ProcessDescription; waitMs: number; startedAt: number }>();
  const restarts = new Set<Promise<void>>();
  const stopping = new AbortController();

  processes.onUnexpectedExit((exit) => {
    if (stopping.signal.aborted || !known.has(exit.name)) return;
    const restart = restartAfter(exit);
    restarts.add(restart);
    restart.finally(() => restarts.delete(restart));
  });

  async function restartAfter(exit: ProcessExit): Promise<void> {
    const own = known.get(exit.name)!;
    if (Date.now() - own.startedAt > SETTLED_AFTER_MS) own.waitMs = firstWaitMs;
    // What it logged for programs says nothing to a person.
    const lastLines = exit.lastLines.filter((line) => !line.startsWith('{') && !line.endsWith('is ready'));
    warn(`${describeExit({ ...exit, lastLines })}; starting it again in ${own.waitMs / 1_000} s`);
    for (;;) {
      await pause(own.waitMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      if (stopping.signal.aborted) return;
      own.waitMs = Math.min(own.waitMs * 2, longestWaitMs);
      try {
        own.startedAt = Date.now();
        await processes.start(own.description);
        warn(`\`${exit.name}\` is back`);
        return;
      } catch (error) {
        if (stopping.signal.aborted) return;
        warn(`${publicMessage(error)}; trying again in ${own.waitMs / 1_000} s`);
      }
    }
  }

  return {
    async start(descriptions) {
      await Promise.all(
        descriptions.map(async (description) => {
          known.set(description.name, { description, waitMs: firstWaitMs, startedAt: Date.now() });
          await processes.start(description);
        }),
      );
    },
    async stop() {
      stopping.abort();
      // A restart under way would be missed by a stop of what runs, so it is stopped again once that settled.
      await processes.stop();
      await Promise.all(restarts);
      await processes.stop();
    },
  };
}
