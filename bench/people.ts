/**
 * `npm run bench:people`: how long after a person approves the held tool's first line runs, beside a bare signal that
 * starts a bare activity on the same Temporal server, in turn; the same while other runs wait. Also what a bare signal
 * takes with one commit and one command in the sandbox, which nothing can save. And how long until a listener of the run's
 * live events was told of the approval.
 *
 * The tool prints the time inside its sandbox; the bare activity gives the time it began. Both sides use three worker
 * processes. Ratios are comparable; absolute figures are of the machine.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { dataConverterOf } from '../src/codec/data-converter';
import { openCommands } from '../src/commands/commands';
import { hostEnvironment } from '../src/config';
import { startGatehouse } from '../src/embedded/gatehouse';
import { createProcessGroup } from '../src/embedded/process';
import { startBareWorkers } from './bare/start-workers';
import { percentile } from './measure';
import { applyScripted } from './people/apply-scripted';
import { approvalDelays, bareDelays } from './people/delays';
import { makeRepository } from './repository';

const SAMPLES = Number(process.env.SAMPLES ?? 60);
/** How much later than the bare activity a listener is told, at the 95th percentile. */
const EVENT_AT_MOST_MS = 100;
const OTHERS = Number(process.env.OTHERS ?? 1_000);

main().catch((error) => {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  process.exit(1);
});

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'));
  const note = (line: string) => process.stderr.write(`${line}\n`);
  const gatehouse = await startGatehouse({
    dataDir: join(folder, 'data'),
    environment: hostEnvironment(),
    modelKeys: {},
    progress: note,
    warn: note,
    log: 'error',
  });
  const bare = createProcessGroup({ folder: join(folder, 'bare') });
  const { commands, close } = await openCommands(gatehouse.addresses);
  const connection = await Connection.connect({ address: gatehouse.addresses.temporal });
  const misses: string[] = [];
  try {
    const client = new Client({ connection });
    const dataConverter = dataConverterOf(gatehouse.addresses.payloadKeys);
    // The bare side knows no keys.
    const governed = new Client({ connection, dataConverter });
    await startBareWorkers(bare, gatehouse.addresses);
    const api = {
      address: gatehouse.addresses.api ?? '',
      key: readFileSync(gatehouse.addresses.keyFile, 'utf8').trim(),
    };
    const repo = makeRepository(join(folder, 'repository'));
    await applyScripted(folder, gatehouse.addresses.artifacts, commands, SAMPLES + 5);

    await compare('approve → first line', 1.5);
    await waitingRuns();
    await compare(`approve → first line, ${OTHERS} other runs waiting`, 2);

    async function compare(what: string, atMost: number): Promise<void> {
      const theirs = await bareDelays(client, 'bareWait', SAMPLES, 5);
      const least = await bareDelays(client, 'leastWait', SAMPLES, 5);
      process.stdout.write(
        `     the least (bare signal, one commit, one command in the sandbox): p50 ${percentile(least, 0.5).toFixed(1)} ms, ratio ${(percentile(least, 0.5) / percentile(theirs, 0.5)).toFixed(2)}\n`,
      );
      for (const agent of ['asks-to-read', 'asks-to-act'] as const) {
        const ours = await approvalDelays({
          client: governed,
          commands,
          api,
          repo,
          agent,
          samples: SAMPLES,
          warmUp: 5,
        });
        const ratio = (share: number) => percentile(ours.firstLine, share) / percentile(theirs, share);
        const line = (share: number) =>
          `p${share * 100} ${percentile(ours.firstLine, share).toFixed(1)} ms, bare ${percentile(theirs, share).toFixed(1)} ms, ratio ${ratio(share).toFixed(2)}`;
        const isReached = ratio(0.5) <= atMost && ratio(0.95) <= atMost;
        if (!isReached) misses.push(`${what} (${agent})`);
        process.stdout.write(
          `${isReached ? 'ok  ' : 'miss'} ${what} (${agent}): ${line(0.5)}; ${line(0.95)}; at most ${atMost}\n`,
        );
        const later = percentile(ours.event, 0.95) - percentile(theirs, 0.95);
        const isSoon = later <= EVENT_AT_MOST_MS;
        if (!isSoon) misses.push(`${what}: event (${agent})`);
        process.stdout.write(
          `${isSoon ? 'ok  ' : 'miss'} event to a listener (${agent}): p95 ${percentile(ours.event, 0.95).toFixed(1)} ms, ${later.toFixed(1)} ms over the bare signal; at most ${EVENT_AT_MOST_MS}\n`,
        );
      }
    }

    async function waitingRuns(): Promise<void> {
      note(`starting ${OTHERS} runs that wait for an answer`);
      for (let started = 0; started < OTHERS; started += 20)
        await Promise.all(
          Array.from({ length: 20 }, () =>
            commands.startRun({ agent: 'asks-a-question', prompt: 'Ask.', requestedBy: 'bench' }),
          ),
        );
      for (;;) {
        const { count } = await client.workflow.count('GatehouseStatus = "WAITING_INPUT"');
        if (count >= OTHERS) return;
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  } finally {
    await connection.close();
    await close();
    await bare.stop();
    await gatehouse.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  process.stdout.write(misses.length === 0 ? 'all targets reached\n' : `missed: ${misses.join('; ')}\n`);
  if (misses.length > 0) process.exitCode = 1;
}
