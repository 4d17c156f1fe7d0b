/**
 * `npm run bench:encryption`: turns a second with Temporal's histories encrypted and in clear, on two Gatehouses of the
 * same machine, in turn. Its last line is the result. The ratio is comparable; absolute figures are of the machine.
 */
import { compareEncryption, LEAST_RATIO } from './encryption/compare';

main().catch((error) => {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exit(1);
});

async function main(): Promise<void> {
  const ratios = await compareEncryption((line) => process.stdout.write(`${line}\n`));
  const isKept = ratios.every(({ ratio }) => ratio >= LEAST_RATIO);
  const shown = ratios.map(({ runs, turns, ratio }) => `${runs} x ${turns} ${ratio.toFixed(2)}`);
  process.stdout.write(
    `encryption: ratios ${shown.join(', ')}; at least ${LEAST_RATIO} is promised: ${isKept ? 'kept' : 'MISSED'}\n`,
  );
}
