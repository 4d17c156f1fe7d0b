/**
 * Does something at once, for what an earlier process left behind, and then again and again.
 *
 * @param round does not throw; what fails is tried again with the next one. Asks `isStopped` where it takes long
 * @param everyMs from the end of a round to the start of the next, in milliseconds
 */
export function startRounds(
  round: (isStopped: () => boolean) => Promise<void>,
  everyMs: number,
): { stop(): Promise<void> } {
  let timer: NodeJS.Timeout | null = null;
  let isStopped = false;

  async function next(): Promise<void> {
    await round(() => isStopped);
    if (isStopped) return;
    timer = setTimeout(() => {
      running = next();
    }, everyMs);
    timer.unref();
  }

  let running = next();
  return {
    async stop() {
      isStopped = true;
      if (timer) clearTimeout(timer);
      await running;
    },
  };
}
