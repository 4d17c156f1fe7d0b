/**
 * `npm run bench`: governed turns beside a bare loop of two activities, on the same Temporal server, in turn.
 *
 * A governed turn is one model turn with a read over the channel, judged by the gate and recorded in PostgreSQL. Both
 * sides use three worker processes. Ratios are comparable; absolute figures are of the machine.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { createProcessGroup } from '../src/embedded/process';
import { startBareWorkers } from './bare/start-workers';
import { openBench } from './governed-runs';
import { median, turnsPerSecond } from './measure';

const ROUNDS = 3;
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
  const governedSide = await openBench(join(folder, 'governed'));
  const { gatehouse, client, governed } = governedSide;
  // The bare loop knows no keys.
  const plain = new Client({ connection: client.connection });
  const bare = createProcessGroup({ folder: join(folder, 'bare') });
  try {
    await startBareWorkers(bare, gatehouse.addresses);
    await governed(5);
    await bareRun(plain, 5);
    for (const { runs, turns } of SHAPES) {
      const figures = { governed: [] as number[], bare: [] as number[] };
      for (let round = 0; round < ROUNDS; round++) {
        figures.bare.push(
          await turnsPerSecond(runs, turns, () => bareRun(plain, turns).then(() => undefined)),
        );
        figures.governed.push(await turnsPerSecond(runs, turns, () => governed(turns).then(() => undefined)));
      }
      const ours = median(figures.governed);
      const theirs = median(figures.bare);
      process.stdout.write(
        `${runs} x ${turns}: governed ${ours.toFixed(1)} turns/s, bare two-activity loop ${theirs.toFixed(1)} turns/s, ratio ${(ours / theirs).toFixed(2)} (median of ${ROUNDS})\n`,
      );
    }
    const refused = () => governedSide.refused().then(() => undefined);
    const withoutSandbox = median([
      await turnsPerSecond(1, 50, refused),
      await turnsPerSecond(1, 50, refused),
      await turnsPerSecond(1, 50, refused),
    ]);
    process.stdout.write(
      `1 x 50: governed, each call refused: ${withoutSandbox.toFixed(1)} turns/s; the rest of a governed turn is the read in its OS sandbox\n`,
    );
    await printHistoryCost(client, await governed(50), 'governed');
    await printHistoryCost(plain, await bareRun(plain, 50), 'bare');
  } finally {
    await bare.stop();
    await governedSide.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function bareRun(client: Client, turns: number): Promise<string> {
  const workflowId = `bare-${Math.random().toString(36).slice(2)}`;
  await client.workflow.execute('bareLoop', { workflowId, taskQueue: 'bench-workflow', args: [turns] });
  return workflowId;
}

/** Events and bytes a turn, between the tenth turn and the fortieth, where the ends do not count. */
async function printHistoryCost(client: Client, workflowId: string, side: string): Promise<void> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  const all = events ?? [];
  const names = side === 'governed' ? ['takeTurn'] : ['model'];
  const turnStarts = all.flatMap((event, index) =>
    names.includes(event.activityTaskScheduledEventAttributes?.activityType?.name ?? '') ? [index] : [],
  );
  const [from, to] = [turnStarts[10]!, turnStarts[40]!];
  const bytes = all.slice(from, to).reduce((sum, event) => sum + JSON.stringify(event).length, 0);
  process.stdout.write(
    `${side}: ${((to - from) / 30).toFixed(1)} events and ${(bytes / 30 / 1_000).toFixed(1)} KB (as JSON) a turn\n`,
  );
}
