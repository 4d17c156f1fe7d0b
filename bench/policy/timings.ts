/** Middle and slowest of a hundred, in milliseconds. */
export interface Timing {
  p50: number;
  p99: number;
}

/** One thing to time: `work` is called with a number that is new each time, so that nothing is answered from memory. */
export interface Subject {
  name: string;
  work(call: number): void;
  /** Calls a round. */
  calls: number;
}

/**
 * Times subjects in turns, so that what else the machine does meets all of them alike. The p50 and the p99 are those of
 * the quietest round: a scheduler that takes the processor away for 4 ms now and then owns one call in a hundred of any
 * that take longer than 0.04 ms.
 */
export function timeInTurns(subjects: readonly Subject[], rounds: number): Map<string, Timing> {
  const all = new Map(subjects.map(({ name }) => [name, [] as Timing[]]));
  // Two rounds more, to warm up.
  for (let round = -2; round < rounds; round++)
    for (const { name, work, calls } of subjects) {
      const taken = new Float64Array(calls);
      for (let call = 0; call < calls; call++) {
        const number = (round + 2) * calls + call;
        const startedAt = performance.now();
        work(number);
        taken[call] = performance.now() - startedAt;
      }
      if (round >= 0) all.get(name)?.push(timingOf(taken));
    }
  return new Map(
    [...all].map(([name, timings]) => [
      name,
      { p50: Math.min(...timings.map(({ p50 }) => p50)), p99: Math.min(...timings.map(({ p99 }) => p99)) },
    ]),
  );
}

/** Of single times in milliseconds. */
export function timingOf(taken: Iterable<number>): Timing {
  const sorted = Float64Array.from(taken).sort();
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}
