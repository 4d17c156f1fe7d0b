/**
 * `npm run bench:encryption`: turns a second with Temporal's histories encrypted and in clear, on two Gatehouses of the
 * same machine, in turn. Its last line is the result. The ratio is comparable; absolute figures are of the machine.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bench, openBench } from './governed-runs';
import { median, turnsPerSecond } from './measure';

const ROUNDS = 5;
/** What is promised: at most a tenth of the turns a second. */
const LEAST_RATIO = 0.9;
const SHAPES = [
  { runs: 1, turns: 50 },
  { runs: 20, turns: 20 },
] as const;

main().catch((error) => {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exit(1);
});

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  const opened: Bench[] = [];
  try {
    const clear = await openBench(join(folder, 'clear'), { isEncrypted: false });
    opened.push(clear);
    const encrypted = await openBench(join(folder, 'encrypted'));
    opened.push(encrypted);
    for (const side of opened) await side.governed(50);
    const ratios: string[] = [];
    let isKept = true;
    for (const { runs, turns } of SHAPES) {
      const figures = { clear: [] as number[], encrypted: [] as number[], ratios: [] as number[] };
      for (let round = 0; round < ROUNDS; round++) {
        // Each side is first in every other round: the machine's mood does not take sides.
        const measure = (side: Bench) =>
          turnsPerSecond(runs, turns, async () => void (await side.governed(turns)));
        const isEven = round % 2 === 0;
        const first = await measure(isEven ? clear : encrypted);
        const second = await measure(isEven ? encrypted : clear);
        const [inClear, inSecret] = isEven ? [first, second] : [second, first];
        figures.clear.push(inClear);
        figures.encrypted.push(inSecret);
        figures.ratios.push(inSecret / inClear);
      }
      const ratio = median(figures.ratios);
      isKept &&= ratio >= LEAST_RATIO;
      ratios.push(`${runs} x ${turns} ${ratio.toFixed(2)}`);
      process.stdout.write(
        `${runs} x ${turns}: encrypted ${median(figures.encrypted).toFixed(1)} turns/s, in clear ${median(figures.clear).toFixed(1)} turns/s, ratio ${ratio.toFixed(2)} (medians of ${ROUNDS} pairs)\n`,
      );
    }
    process.stdout.write(
      `encryption: ratios ${ratios.join(', ')}; at least ${LEAST_RATIO} is promised: ${isKept ? 'kept' : 'MISSED'}\n`,
    );
  } finally {
    for (const side of opened) await side.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
