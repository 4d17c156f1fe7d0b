import type { RunEvent } from '../domain/events';
import type { RunStatus } from '../domain/run';
import type { LiveEvents, RunNudge } from '../store/live-events';
import type { FollowedStep } from './follow-run';

/** How event streams of one process behave. */
export interface StreamOptions {
  /** Ends the stream with a hint to come back: the process stops, or whoever listens has gone. */
  signal: AbortSignal;
  /** A client that takes nothing for so long is let go, in milliseconds. @default 60_000 */
  slowAfterMs?: number;
  /** Then it ends with a hint to come back, so that who listens is authenticated again. @default 15 minutes */
  lifetimeMs?: number;
  onEvents?: (count: number) => void;
  /** Called once, however it ended. */
  onEnd?: () => void;
}

const SLOW_AFTER_MS = 60_000;
const LIFETIME_MS = 15 * 60_000;
/** When a client asks again, in milliseconds. */
const RETRY_MS = 1_000;

const bytes = new TextEncoder();
const RETRY = bytes.encode(`retry: ${RETRY_MS}\n\n`);
const SILENCE = bytes.encode(': silence\n\n');

/**
 * A run's events as `text/event-stream`: `id` is the sequence, `event` the type, `data` the event. Its last event is
 * `end`, with the run's status.
 *
 * @param follow given a signal, the steps of the run
 */
export function runEventStream(
  follow: (signal: AbortSignal) => AsyncGenerator<FollowedStep, RunStatus | null>,
  options: StreamOptions,
): ReadableStream<Uint8Array> {
  return pulled(async function* (signal) {
    const steps = follow(signal);
    for (;;) {
      const step = await steps.next();
      if (step.done) {
        if (step.value !== null) yield frame('end', { status: step.value });
        return;
      }
      switch (step.value.kind) {
        case 'silence':
          yield SILENCE;
          break;
        case 'events':
          options.onEvents?.(step.value.events.length);
          yield Buffer.concat(step.value.events.map(eventFrame));
          break;
      }
    }
  }, options);
}

/** Most runs whose nudges wait for a slow client; beyond them it is told to read everything again. */
const MAX_NUDGES = 1_000;

/**
 * That there are new events, of all runs of an organization: `nudge {runId, sequence, types}`, and `missed` when some may
 * have been, so that everything is to be read again. Nothing of it can be resumed.
 */
export function nudgeStream(
  live: LiveEvents,
  organizationId: string,
  { heartbeatMs, ...options }: StreamOptions & { heartbeatMs: number },
): ReadableStream<Uint8Array> {
  return pulled(async function* (signal) {
    const waiting = new Map<string, RunNudge>();
    let hasMissed = false;
    let wake: () => void = () => undefined;
    const stop = live.onOrganization(organizationId, (heard) => {
      if (heard === null || waiting.size >= MAX_NUDGES) {
        hasMissed = true;
        waiting.clear();
      } else waiting.set(heard.runId, joined(waiting.get(heard.runId), heard));
      wake();
    });
    signal.addEventListener('abort', () => wake(), { once: true });
    try {
      while (!signal.aborted) {
        if (!hasMissed && waiting.size === 0) {
          await new Promise<void>((resolve) => {
            const timer = setTimeout(resolve, heartbeatMs);
            wake = () => {
              clearTimeout(timer);
              resolve();
            };
          });
        }
        const frames = [
          ...(hasMissed ? [frame('missed', {})] : []),
          ...[...waiting.values()].map(({ runId, sequence, types }) =>
            frame('nudge', { runId, sequence, types }),
          ),
        ];
        options.onEvents?.(frames.length);
        hasMissed = false;
        waiting.clear();
        if (!signal.aborted) yield frames.length > 0 ? Buffer.concat(frames) : SILENCE;
      }
    } finally {
      stop();
    }
  }, options);
}

function joined(before: RunNudge | undefined, heard: RunNudge): RunNudge {
  if (!before) return heard;
  return {
    ...heard,
    sequence: Math.max(before.sequence, heard.sequence),
    types: [...new Set([...before.types, ...heard.types])],
  };
}

/** Produces only what is asked for: a slow client costs one chunk, and one that takes nothing is let go. */
function pulled(
  produce: (signal: AbortSignal) => AsyncGenerator<Uint8Array, void>,
  { signal, slowAfterMs = SLOW_AFTER_MS, lifetimeMs = LIFETIME_MS, onEnd }: StreamOptions,
): ReadableStream<Uint8Array> {
  const over = new AbortController();
  const end = () => over.abort();
  const lifetime = setTimeout(end, lifetimeMs).unref();
  let slow: NodeJS.Timeout | undefined;
  const chunks = produce(over.signal);
  let hasEnded = false;
  const finish = () => {
    if (hasEnded) return;
    hasEnded = true;
    clearTimeout(lifetime);
    clearTimeout(slow);
    signal.removeEventListener('abort', end);
    over.abort();
    onEnd?.();
  };
  if (signal.aborted) end();
  signal.addEventListener('abort', end, { once: true });
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => controller.enqueue(RETRY),
      async pull(controller) {
        clearTimeout(slow);
        try {
          const { done, value } = await chunks.next();
          if (hasEnded) return;
          if (done) {
            // Ended from here, and not with what it was about: the client is to come back.
            if (over.signal.aborted) controller.enqueue(RETRY);
            finish();
            controller.close();
            return;
          }
          controller.enqueue(value);
          slow = setTimeout(() => {
            finish();
            controller.error(new Error('the client takes nothing'));
          }, slowAfterMs).unref();
        } catch (error) {
          finish();
          controller.error(error);
        }
      },
      async cancel() {
        finish();
        await chunks.return();
      },
    },
    { highWaterMark: 1 },
  );
}

/** The same event goes to many listeners; its bytes are made once. */
const frames = new WeakMap<RunEvent, Uint8Array>();

function eventFrame(event: RunEvent): Uint8Array {
  const known = frames.get(event);
  if (known) return known;
  const made = frame(event.type, event, event.sequence);
  frames.set(event, made);
  return made;
}

function frame(type: string, data: object, id?: number): Uint8Array {
  const named = id === undefined ? '' : `id: ${id}\n`;
  return bytes.encode(`${named}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
}
