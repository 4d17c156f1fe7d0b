/** The middle of several measurements. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Turns a second of `runs` runs at once with `turns` turns each. */
export async function turnsPerSecond(
  runs: number,
  turns: number,
  carryOut: () => Promise<void>,
): Promise<number> {
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: runs }, carryOut));
  return (runs * turns * 1_000) / (performance.now() - startedAt);
}

/** The value below which a share of the measurements lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]!;
}
