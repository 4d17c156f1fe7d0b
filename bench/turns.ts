/**
 * `npm run bench`: governed turns beside a bare loop of two activities, on the same Temporal server, in turn.
 *
 * A governed turn is one model turn with a read over the channel, judged by the gate and recorded in PostgreSQL. Both
 * sides use three worker processes. Ratios are comparable; absolute figures are of the machine.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { createLocalArtifactStore } from '../src/artifacts/local-artifact-store';
import { type Commands, openCommands } from '../src/commands/commands';
import { hostEnvironment } from '../src/config';
import { type Gatehouse, startGatehouse } from '../src/embedded/gatehouse';
import { importAgent } from '../src/embedded/import-agent';
import { createProcessGroup } from '../src/embedded/process';
import { startBareWorkers } from './bare/start-workers';
import { median, turnsPerSecond } from './measure';
import { makeRepository } from './repository';

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
  try {
    const client = new Client({ connection });
    await startBareWorkers(bare, gatehouse.addresses.temporal);
    const repo = makeRepository(join(folder, 'repository'));
    await applyAgents(folder, gatehouse, commands);
    const governed = (turns: number) => governedRun(commands, client, repo, turns);
    await governed(5);
    await bareRun(client, 5);
    for (const { runs, turns } of SHAPES) {
      const figures = { governed: [] as number[], bare: [] as number[] };
      for (let round = 0; round < ROUNDS; round++) {
        figures.bare.push(
          await turnsPerSecond(runs, turns, () => bareRun(client, turns).then(() => undefined)),
        );
        figures.governed.push(await turnsPerSecond(runs, turns, () => governed(turns).then(() => undefined)));
      }
      const ours = median(figures.governed);
      const theirs = median(figures.bare);
      process.stdout.write(
        `${runs} x ${turns}: governed ${ours.toFixed(1)} turns/s, bare two-activity loop ${theirs.toFixed(1)} turns/s, ratio ${(ours / theirs).toFixed(2)} (median of ${ROUNDS})\n`,
      );
    }
    const refused = () => refusedRun(commands, client, repo).then(() => undefined);
    const withoutSandbox = median([
      await turnsPerSecond(1, 50, refused),
      await turnsPerSecond(1, 50, refused),
      await turnsPerSecond(1, 50, refused),
    ]);
    process.stdout.write(
      `1 x 50: governed, each call refused: ${withoutSandbox.toFixed(1)} turns/s; the rest of a governed turn is the read in its OS sandbox\n`,
    );
    await printHistoryCost(client, await governed(50), 'governed');
    await printHistoryCost(client, await bareRun(client, 50), 'bare');
  } finally {
    await connection.close();
    await close();
    await bare.stop();
    await gatehouse.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function governedRun(commands: Commands, client: Client, repo: string, turns: number): Promise<string> {
  return agentRun(commands, client, repo, `bench-${turns}`);
}

function refusedRun(commands: Commands, client: Client, repo: string): Promise<string> {
  return agentRun(commands, client, repo, 'bench-refused');
}

async function agentRun(commands: Commands, client: Client, repo: string, agent: string): Promise<string> {
  const { workflowId } = await commands.startRun({
    agent,
    prompt: 'Read the same file again and again.',
    repo,
    requestedBy: 'bench',
  });
  await client.workflow.getHandle(workflowId).result();
  return workflowId;
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

async function applyAgents(folder: string, { addresses }: Gatehouse, commands: Commands): Promise<void> {
  const artifacts = createLocalArtifactStore({ folder: addresses.artifacts });
  const reading = { tool: 'read-file', args: { path: 'README.md' } };
  const writing = { tool: 'write-file', args: { path: 'README.md', content: 'other' } };
  for (const turns of new Set([5, 50, ...SHAPES.map((shape) => shape.turns)]))
    await apply(`bench-${turns}`, turns, reading);
  await apply('bench-refused', 50, writing);

  async function apply(name: string, turns: number, call: { tool: string; args: object }): Promise<void> {
    const turn = { say: 'again', calls: [call] };
    const script = { turns: [...Array.from({ length: turns - 1 }, () => turn), { say: 'done' }] };
    writeFileSync(join(folder, `${name}.script.yaml`), JSON.stringify(script));
    const agent = {
      name,
      tier: 'OBSERVE',
      model: `scripted:${name}.script.yaml`,
      budget: { maxTurns: turns + 1, maxTokens: 1_000_000_000 },
    };
    writeFileSync(join(folder, `${name}.yaml`), JSON.stringify(agent));
    await commands.applyAgent(await importAgent(join(folder, `${name}.yaml`), artifacts), 'bench');
  }
}
