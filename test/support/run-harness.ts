import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, makeTelemetryFilterString, NativeConnection, Runtime } from '@temporalio/worker';
import pino from 'pino';
import { createLocalArtifactStore } from '../../src/artifacts/local-artifact-store';
import { loadOrMakeKey } from '../../src/broker/keys';
import { dataConverterOf } from '../../src/codec/data-converter';
import { ensurePayloadKeys } from '../../src/codec/payload-keys';
import { controlConfig, runnerConfig, sandboxConfig } from '../../src/config';
import { type RunInput, workflowIdOf } from '../../src/domain/run';
import { withClient } from '../../src/embedded/database-connection';
import { createAgentStore } from '../../src/store/agent-store';
import { type Database, openDatabase } from '../../src/store/database';
import { migrate } from '../../src/store/migrate';
import {
  createOrganizationStore,
  LOCAL_ORGANIZATION,
  type OrganizationStore,
} from '../../src/store/organization-store';
import { createControlWorker } from '../../src/workers/control-worker';
import { createRunnerWorker } from '../../src/workers/runner-worker';
import { createSandboxWorker } from '../../src/workers/sandbox-worker';
import type { WorkerSetup } from '../../src/workers/serve';
import { AGENT_RUN, queues } from '../../workflows/messages';
import { initRepository } from './git-repository';
import { type AgentDefinition, createAgentApplier, type ScriptedTurn } from './scripted-agent';
import { createTestDatabase, createTestNamespace, useStack } from './stack';
import { createTestRun, type TestRun } from './test-run';

export interface HarnessOptions {
  /** How long people have, in milliseconds. @default a day */
  waitForPeopleMs?: number;
  /** @default 'on' */
  channel?: 'on' | 'off';
  /** Where the fixture repository is. @default in the harness's own folder */
  repository?: string;
  /** Encrypts histories with the keys of `payload-keys.json` in the harness's folder. @default false */
  isEncrypted?: boolean;
  /** Name of the sandbox host. @default 'here' */
  host?: string;
  /** What the credential broker offers, as its file says it. @default no broker */
  offers?: Record<string, unknown>[];
}

export type Plane = 'control' | 'runner' | 'sandbox';

export interface Harness {
  client: Client;
  namespace: string;
  temporalAddress: string;
  database: Database;
  databaseUrl: string;
  /** A git repository with `README.md`, `main.tf` and `large.txt` (16 KB). */
  repository: string;
  /** Has `keys/`, with those of every plane. */
  folder: string;
  organizations: OrganizationStore;
  /** Applies an agent whose model says `turns`, through the same door as an agent file. @returns its name */
  agent(definition: AgentDefinition, turns: ScriptedTurn[], organizationId?: string): Promise<string>;
  start(request: Partial<RunInput> & { agent: string }): Promise<TestRun>;
  /** Stops one plane's worker as a deployment does, or breaks only its channel. */
  stop(plane: Plane): Promise<void>;
  restart(plane: Plane, environment?: Record<string, string>): Promise<void>;
  closeChannel(): Promise<void>;
  /** Ends the database's connections and refuses new ones, or takes them again. */
  refuseDatabase(isRefused: boolean): Promise<void>;
  close(): Promise<void>;
}

/**
 * Everything of Gatehouse in one process: the shared PostgreSQL and Temporal with a database and a namespace of one's
 * own, and the three real workers, built from configurations as their processes build them.
 */
export async function startHarness(options: HarnessOptions = {}): Promise<Harness> {
  quieten();
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-run-'));
  const repository = options.repository ?? join(folder, 'repository');
  rmSync(repository, { recursive: true, force: true });
  initRepository(repository, {
    'README.md': 'A small repository.\n',
    'main.tf': 'resource "aws_s3_bucket" "logs" {}\n',
    'large.txt': `${'all work and no play '.repeat(40)}\n`.repeat(20),
  });
  const keys = join(folder, 'keys');
  for (const name of ['grant', 'audit', 'runner', 'sandbox', 'api'] as const) loadOrMakeKey(keys, name);
  for (const name of ['artifacts', 'workspaces', 'forge']) mkdirSync(join(folder, name));
  const [testDatabase, { temporalAddress, namespace }] = await Promise.all([
    createTestDatabase(),
    createTestNamespace(),
  ]);
  await migrate(testDatabase.url);
  const database = openDatabase(testDatabase.url, { poolSize: 2 });
  const organizations = createOrganizationStore(database);
  await organizations.ensureLocal();
  const artifacts = createLocalArtifactStore({ folder: join(folder, 'artifacts') });
  const [native, connection] = await Promise.all([
    NativeConnection.connect({ address: temporalAddress }),
    Connection.connect({ address: temporalAddress }),
  ]);
  const payloadKeys = options.isEncrypted ? ensurePayloadKeys(join(folder, 'payload-keys.json')) : undefined;
  const dataConverter = dataConverterOf(payloadKeys);
  const client = new Client({ connection, namespace, identity: 'test', dataConverter });
  const workers = createWorkers(native, environmentsOf());
  await Promise.all((['control', 'runner', 'sandbox'] as const).map((plane) => workers.start(plane)));

  return {
    client,
    namespace,
    temporalAddress,
    database,
    databaseUrl: testDatabase.url,
    repository,
    folder,
    organizations,

    agent: createAgentApplier({
      folder: join(folder, 'agents'),
      agents: createAgentStore(database),
      artifacts,
    }),

    async start(request) {
      const runId = request.runId ?? `t${Math.random().toString(36).slice(2, 12)}`;
      const input: RunInput = {
        organizationId: LOCAL_ORGANIZATION,
        prompt: 'Look after this repository.',
        requestedBy: 'rita',
        repo: repository,
        ...request,
        runId,
      };
      const handle = await client.workflow.start(AGENT_RUN, {
        workflowId: workflowIdOf(runId),
        taskQueue: queues.control,
        args: [input],
        workflowTaskTimeout: '3s',
      });
      return createTestRun({ input, handle, client, database, artifacts });
    },

    stop: (plane) => workers.stop(plane),
    async restart(plane, environment) {
      await workers.stop(plane);
      await workers.start(plane, environment);
    },
    closeChannel: () => workers.closeResources('sandbox'),

    async refuseDatabase(isRefused) {
      const { postgresUrl } = await useStack();
      const name = new URL(testDatabase.url).pathname.slice(1);
      await withClient(postgresUrl, async (maintenance) => {
        await maintenance.query(`alter database ${name} allow_connections ${!isRefused}`);
        if (isRefused)
          await maintenance.query(
            'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1',
            [name],
          );
      });
    },

    async close() {
      await Promise.all((['control', 'runner', 'sandbox'] as const).map((plane) => workers.stop(plane)));
      await connection.close();
      await native.close();
      await database.close();
      await testDatabase.drop();
      await Runtime.instance().shutdown();
      isQuiet = false;
      rmSync(folder, { recursive: true, force: true });
      if (options.repository) rmSync(options.repository, { recursive: true, force: true });
    },
  };

  function environmentsOf(): Record<Plane, Record<string, string>> {
    const host = options.host ?? 'here';
    const socket = join(folder, 'channel.sock');
    const shared = {
      TEMPORAL_ADDRESS: temporalAddress,
      TEMPORAL_NAMESPACE: namespace,
      GATEHOUSE_ARTIFACT_ENDPOINT: `unix:${join(folder, 'artifacts.sock')}`,
      ...(payloadKeys ? { GATEHOUSE_PAYLOAD_KEYS: payloadKeys } : {}),
    };
    const broker: Record<string, string> = options.offers
      ? { GATEHOUSE_BROKER: `unix:${join(folder, 'broker.sock')}` }
      : {};
    const brokerFile = join(folder, 'broker.yaml');
    // JSON is YAML.
    if (options.offers) writeFileSync(brokerFile, JSON.stringify({ credentials: options.offers }));
    return {
      control: {
        ...shared,
        DATABASE_URL: testDatabase.url,
        GATEHOUSE_ARTIFACTS: join(folder, 'artifacts'),
        GATEHOUSE_GRANT_KEY: join(keys, 'grant.jwk'),
        GATEHOUSE_AUDIT_KEY: join(keys, 'audit.jwk'),
        GATEHOUSE_RUNNER_PUBLIC_KEY: join(keys, 'runner.public.jwk'),
        GATEHOUSE_SANDBOX_PUBLIC_KEYS: join(keys, 'sandbox.public.jwk'),
        GATEHOUSE_API_PUBLIC_KEYS: join(keys, 'api.public.jwk'),
        GATEHOUSE_CHANNEL: options.channel ?? 'on',
        ...broker,
        ...(options.offers ? { GATEHOUSE_BROKER_CONFIG: brokerFile } : {}),
        ...(options.waitForPeopleMs === undefined
          ? {}
          : { GATEHOUSE_WAIT_FOR_PEOPLE_MS: String(options.waitForPeopleMs) }),
      },
      runner: {
        ...shared,
        GATEHOUSE_RUNNER_KEY: join(keys, 'runner.jwk'),
        GATEHOUSE_CHANNELS: `${host}=${socket}`,
      },
      sandbox: {
        ...shared,
        GATEHOUSE_HOST: host,
        GATEHOUSE_SANDBOX_KEY: join(keys, 'sandbox.jwk'),
        GATEHOUSE_GRANT_PUBLIC_KEYS: join(keys, 'grant.public.jwk'),
        GATEHOUSE_RUNNER_PUBLIC_KEY: join(keys, 'runner.public.jwk'),
        GATEHOUSE_WORKSPACES: join(folder, 'workspaces'),
        GATEHOUSE_FORGE: join(folder, 'forge'),
        GATEHOUSE_CHANNEL_SOCKET: socket,
        ...broker,
      },
    };
  }
}

interface RunningWorkers {
  setup: WorkerSetup;
  ended: Promise<unknown>;
  isClosed: boolean;
}

function createWorkers(connection: NativeConnection, environments: Record<Plane, Record<string, string>>) {
  const running = new Map<Plane, RunningWorkers>();
  const builders: Record<Plane, (environment: Record<string, string>) => Promise<WorkerSetup>> = {
    control: (environment) =>
      createControlWorker(controlConfig(environment), connection, pino({ level: 'silent' })),
    runner: (environment) => createRunnerWorker(runnerConfig(environment), connection),
    sandbox: (environment) =>
      createSandboxWorker(sandboxConfig(environment), connection, pino({ level: 'silent' })),
  };

  async function closeResources(plane: Plane): Promise<void> {
    const worker = running.get(plane);
    if (!worker || worker.isClosed) return;
    worker.isClosed = true;
    await worker.setup.close?.();
  }

  return {
    closeResources,

    async start(plane: Plane, changes: Record<string, string> = {}): Promise<void> {
      const setup = await builders[plane]({ ...environments[plane], ...changes });
      const ended = Promise.all(setup.workers.map((worker) => worker.run()));
      running.set(plane, { setup, ended, isClosed: false });
    },

    async stop(plane: Plane): Promise<void> {
      const worker = running.get(plane);
      if (!worker) return;
      for (const each of worker.setup.workers) each.shutdown();
      await worker.ended;
      await closeResources(plane);
      running.delete(plane);
    },
  };
}

let isQuiet = false;

/** One runtime for each test file; what a test provokes on purpose is not worth a line. */
function quieten(): void {
  if (isQuiet) return;
  isQuiet = true;
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    shutdownSignals: [],
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: 'ERROR' }) } },
  });
}
