/** A wait that does not count as running time. */
export interface WaitClock {
  readonly isWaiting: boolean;
  /** @returns ends the listening */
  onChange(listener: () => void): () => void;
}

/**
 * Calls `fire` once when so much time has passed; while the clock says that somebody is waited for, none passes.
 *
 * @returns stops it
 */
export function startPausableTimer(ms: number, fire: () => void, clock?: WaitClock): () => void {
  let remainingMs = ms;
  let startedAt = 0;
  let timer: NodeJS.Timeout | null = null;
  const start = () => {
    if (timer) return;
    startedAt = performance.now();
    timer = setTimeout(fire, remainingMs);
  };
  const hold = () => {
    if (!timer) return;
    clearTimeout(timer);
    timer = null;
    remainingMs = Math.max(1, remainingMs - (performance.now() - startedAt));
  };
  const follow = () => (clock?.isWaiting ? hold() : start());
  const unlisten = clock?.onChange(follow);
  follow();
  return () => {
    unlisten?.();
    if (timer) clearTimeout(timer);
  };
}

/** Counts who is waited for. */
export function createWaitClock(): WaitClock & { begin(): void; end(): void } {
  const listeners = new Set<() => void>();
  let waiting = 0;
  const add = (more: number) => {
    const was = waiting > 0;
    waiting += more;
    if (was !== waiting > 0) for (const listener of listeners) listener();
  };
  return {
    get isWaiting() {
      return waiting > 0;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    begin: () => add(1),
    end: () => add(-1),
  };
}
