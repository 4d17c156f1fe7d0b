import type { Workspaces } from '../sandbox/workspace';
import { startRounds } from './rounds';

export interface SweepingOptions {
  workspaces: Pick<Workspaces, 'list' | 'remove'>;
  /** Whether a run goes on, as Temporal knows it; null where it knows no such run. */
  isRunning(runId: string): Promise<boolean | null>;
  /** @default ten minutes */
  everyMs?: number;
  /** @default Date.now */
  now?(): number;
  log?(message: string, cause: unknown): void;
}

const EVERY_MS = 10 * 60_000;
/** A run that Temporal does not know may have been forgotten, or be asked for in the wrong place. */
const MIN_AGE_UNKNOWN_MS = 24 * 60 * 60_000;

/**
 * Removes workspaces of runs that ended while this host did not answer, or on another host: at once and then again and
 * again. What Temporal cannot be asked about stays.
 */
export function startSweeping({
  workspaces,
  isRunning,
  everyMs = EVERY_MS,
  now = Date.now,
  log,
}: SweepingOptions): { stop(): Promise<void> } {
  return startRounds(async (isStopped) => {
    try {
      for (const { runId, changedAt } of await workspaces.list()) {
        if (isStopped()) return;
        const running = await isRunning(runId);
        if (running === false || (running === null && now() - changedAt > MIN_AGE_UNKNOWN_MS))
          await workspaces.remove(runId);
      }
    } catch (error) {
      log?.('workspaces of ended runs could not be removed; it is tried again', error);
    }
  }, everyMs);
}
