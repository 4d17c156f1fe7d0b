import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bench, openBench } from '../governed-runs';
import { median, turnsPerSecond } from '../measure';

const ROUNDS = 5;
/** What is promised: at most a tenth of the turns a second. */
export const LEAST_RATIO = 0.9;
const SHAPES = [
  { runs: 1, turns: 50 },
  { runs: 20, turns: 20 },
] as const;

export interface EncryptionRatio {
  runs: number;
  turns: number;
  /** Turns a second, encrypted over in clear: the median of pairs. */
  ratio: number;
}

/**
 * Turns a second with histories encrypted and in clear, on two Gatehouses of the same machine, in turn.
 *
 * @param say told of each shape in a line
 */
export async function compareEncryption(say: (line: string) => void): Promise<EncryptionRatio[]> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  const opened: Bench[] = [];
  try {
    const clear = await openBench(join(folder, 'clear'), { isEncrypted: false });
    opened.push(clear);
    const encrypted = await openBench(join(folder, 'encrypted'));
    opened.push(encrypted);
    for (const side of opened) await side.governed(50);
    const ratios: EncryptionRatio[] = [];
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
      ratios.push({ runs, turns, ratio });
      say(
        `${runs} x ${turns}: encrypted ${median(figures.encrypted).toFixed(1)} turns/s, in clear ${median(figures.clear).toFixed(1)} turns/s, ratio ${ratio.toFixed(2)} (medians of ${ROUNDS} pairs)`,
      );
    }
    return ratios;
  } finally {
    for (const side of opened) await side.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
