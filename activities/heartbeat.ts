import { Context } from '@temporalio/activity';

const INTERVAL_MS = 500;

/**
 * Runs work beneath a heartbeat: a dead worker is noticed, and a stop reaches the work through its signal within a
 * second, because Temporal answers heartbeats only.
 */
export async function withHeartbeat<Result>(
  work: (signal: AbortSignal) => Promise<Result>,
  intervalMs = INTERVAL_MS,
): Promise<Result> {
  const context = Context.current();
  const timer = setInterval(() => context.heartbeat(), intervalMs);
  try {
    return await work(context.cancellationSignal);
  } catch (error) {
    // What a stop broke off ends as stopped, not as whatever it broke.
    if (context.cancellationSignal.aborted) await context.cancelled;
    throw error;
  } finally {
    clearInterval(timer);
  }
}
