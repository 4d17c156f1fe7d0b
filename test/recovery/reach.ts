import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { createLocalArtifactStore } from '../../src/artifacts/local-artifact-store';
import { dataConverterOf } from '../../src/codec/data-converter';
import { type RunInput, workflowIdOf } from '../../src/domain/run';
import type { GatehouseAddresses } from '../../src/embedded/gatehouse';
import { readProcessRecord } from '../../src/embedded/process-identity';
import { createAgentStore } from '../../src/store/agent-store';
import { openDatabase } from '../../src/store/database';
import { LOCAL_ORGANIZATION } from '../../src/store/organization-store';
import { AGENT_RUN, queues } from '../../workflows/messages';
import { type AgentDefinition, createAgentApplier, type ScriptedTurn } from '../support/scripted-agent';
import { createTestRun, type TestRun } from '../support/test-run';

/** A running Gatehouse, as a test reaches it from outside its processes. */
export interface Reached {
  agent(definition: AgentDefinition, turns: ScriptedTurn[]): Promise<string>;
  start(agent: string): Promise<TestRun>;
  /** A run that was started before. */
  find(runId: string): TestRun;
  close(): Promise<void>;
}

export async function reach(
  addresses: GatehouseAddresses,
  { dataDir, repo }: { dataDir: string; repo: string },
): Promise<Reached> {
  const connection = await Connection.connect({ address: addresses.temporal });
  const client = new Client({
    connection,
    namespace: addresses.namespace,
    dataConverter: dataConverterOf(addresses.payloadKeys),
  });
  const database = openDatabase(addresses.databaseUrl, { poolSize: 2 });
  const artifacts = createLocalArtifactStore({ folder: addresses.artifacts });
  const inputOf = (runId: string, agent: string): RunInput => ({
    runId,
    organizationId: LOCAL_ORGANIZATION,
    agent,
    prompt: 'Look after this repository.',
    repo,
    requestedBy: 'rita',
  });
  return {
    agent: createAgentApplier({
      folder: join(dataDir, 'test-agents'),
      agents: createAgentStore(database),
      artifacts,
    }),
    async start(agent) {
      const input = inputOf(`t${Math.random().toString(36).slice(2, 12)}`, agent);
      const handle = await client.workflow.start(AGENT_RUN, {
        workflowId: workflowIdOf(input.runId),
        taskQueue: queues.control,
        args: [input],
        workflowTaskTimeout: '3s',
      });
      return createTestRun({ input, handle, client, database, artifacts });
    },
    find(runId) {
      const handle = Object.assign(client.workflow.getHandle(workflowIdOf(runId)), {
        firstExecutionRunId: '',
      });
      return createTestRun({ input: inputOf(runId, ''), handle, client, database, artifacts });
    },
    async close() {
      await connection.close();
      await database.close();
    },
  };
}

/** Process numbers of everything that runs on a data folder, by name. */
export async function processesOf(dataDir: string): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  for (const file of readdirSync(join(dataDir, 'run'))) {
    const record = await readProcessRecord(join(dataDir, 'run', file));
    if (record) found.set(file.replace(/\.json$/, ''), record.pid);
  }
  return found;
}
