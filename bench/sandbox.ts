/**
 * `npm run bench:sandbox`: what the structural guardrails cost. Its last line is the result. What is measured beside
 * something else is comparable; absolute figures are of the machine.
 */
import { artifactCost } from './sandbox/artifacts';
import { brokerCost } from './sandbox/broker';
import { encryptionCost } from './sandbox/encryption';
import type { Figure, Part } from './sandbox/figure';
import { grantCost } from './sandbox/grants';
import { startOverhead } from './sandbox/start';

const PARTS: Part[] = [startOverhead, grantCost, brokerCost, artifactCost, encryptionCost];

main().catch((error) => {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exit(1);
});

async function main(): Promise<void> {
  const figures: Figure[] = [];
  for (const part of PARTS) {
    for (const figure of await part()) {
      const { what, measured, promised, isKept } = figure;
      process.stdout.write(`${isKept ? 'ok  ' : 'miss'} ${what}: ${measured}; ${promised}\n`);
      figures.push(figure);
    }
  }
  const missed = figures.filter(({ isKept }) => !isKept).map(({ what }) => what);
  process.stdout.write(
    missed.length === 0
      ? `sandbox: all ${figures.length} targets reached\n`
      : `sandbox: missed ${missed.join('; ')}\n`,
  );
  if (missed.length > 0) process.exitCode = 1;
}
