import { compareEncryption, LEAST_RATIO } from '../encryption/compare';
import type { Figure } from './figure';

/** What encrypting histories takes of the turns a second. */
export async function encryptionCost(): Promise<Figure[]> {
  const ratios = await compareEncryption((line) => process.stderr.write(`${line}\n`));
  return ratios.map(({ runs, turns, ratio }) => ({
    what: `encryption (${runs} x ${turns} turns)`,
    measured: `${ratio.toFixed(2)} of the turns a second in clear`,
    promised: `at least ${LEAST_RATIO}`,
    isKept: ratio >= LEAST_RATIO,
  }));
}
