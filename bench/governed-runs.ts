import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { createLocalArtifactStore } from '../src/artifacts/local-artifact-store';
import { type Commands, openCommands } from '../src/commands/commands';
import { openWorkflowClient } from '../src/commands/workflow-client';
import { hostEnvironment } from '../src/config';
import { type Gatehouse, startGatehouse } from '../src/embedded/gatehouse';
import { importAgent } from '../src/embedded/import-agent';
import { makeRepository } from './repository';

/** A Gatehouse of its own, with agents that read the same file again and again. */
export interface Bench {
  gatehouse: Gatehouse;
  client: Client;
  /** A run of 5, 20 or 50 turns, to its end. @returns its workflow id */
  governed(turns: number): Promise<string>;
  /** A run of 50 turns whose every call is refused. */
  refused(): Promise<string>;
  close(): Promise<void>;
}

const TURNS = [5, 20, 50];

/** @param folder everything is kept here */
export async function openBench(folder: string, { isEncrypted = true } = {}): Promise<Bench> {
  const note = (line: string) => process.stderr.write(`${line}\n`);
  const gatehouse = await startGatehouse({
    dataDir: join(folder, 'data'),
    environment: hostEnvironment(),
    modelKeys: {},
    progress: note,
    warn: note,
    log: 'error',
    isEncrypted,
  });
  const { commands, close } = await openCommands(gatehouse.addresses);
  const { temporal: address, namespace, payloadKeys } = gatehouse.addresses;
  const temporal = await openWorkflowClient({ address, namespace, payloadKeys });
  const repo = makeRepository(join(folder, 'repository'));
  await applyAgents(folder, gatehouse, commands);

  async function run(agent: string): Promise<string> {
    const { workflowId } = await commands.startRun({
      agent,
      prompt: 'Read the same file again and again.',
      repo,
      requestedBy: 'bench',
    });
    await temporal.client.workflow.getHandle(workflowId).result();
    return workflowId;
  }

  return {
    gatehouse,
    client: temporal.client,
    governed: (turns) => run(`bench-${turns}`),
    refused: () => run('bench-refused'),
    async close() {
      await temporal.close();
      await close();
      await gatehouse.stop();
    },
  };
}

async function applyAgents(folder: string, { addresses }: Gatehouse, commands: Commands): Promise<void> {
  const artifacts = createLocalArtifactStore({ folder: addresses.artifacts });
  const reading = { tool: 'read-file', args: { path: 'README.md' } };
  const writing = { tool: 'write-file', args: { path: 'README.md', content: 'other' } };
  for (const turns of TURNS) await apply(`bench-${turns}`, turns, reading);
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
