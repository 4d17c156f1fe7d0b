import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createLocalArtifactStore } from '../artifacts/local-artifact-store';
import { ensureGrantKeySet } from '../broker/grant-keys';
import { loadOrMakeKey } from '../broker/keys';
import type { GatehouseError } from '../domain/errors';
import { sha256 } from '../domain/hashing';
import { createAgentStore } from '../store/agent-store';
import { openDatabase } from '../store/database';
import { createHaltStore } from '../store/halt-store';
import { migrate } from '../store/migrate';
import { createOrganizationStore, LOCAL_ORGANIZATION } from '../store/organization-store';
import { createPolicyStore } from '../store/policy-store';
import { ensureBrokerFile } from './broker-file';
import { codecProcess } from './codec-process';
import { applyExamples } from './examples';
import { keptPayloadKeys } from './kept-payload-keys';
import { ensureLocalApiKey } from './local-api-key';
import { createProcessGroup } from './process';
import { type HostEnvironment, type Progress, reportIfSlow } from './programs';
import { runtimeDatabaseUrl } from './runtime-database';
import { socketPath } from './socket-folder';
import { type Stack, startStack } from './stack';
import { type RunningStack, removeStackFile, writeStackFile } from './stack-file';
import { createSupervisor } from './supervisor';
import { warnOfHalts } from './warn-of-halts';
import { type ModelKeys, WORKER_FOLDERS, workerProcesses } from './worker-processes';

export interface GatehouseOptions {
  dataDir: string;
  environment: HostEnvironment;
  modelKeys: ModelKeys;
  progress: Progress;
  /** Hears of workers that died and were started again. */
  warn: (line: string) => void;
  /** Servers of the user's own; none are started then. */
  temporalAddress?: string;
  databaseUrl?: string;
  askedPorts?: { postgres?: number; temporal?: number; temporalUi?: number; api?: number };
  /** @default 'info' */
  log?: string;
  /** `false` leaves histories in clear, for measuring what encryption costs. @default true */
  isEncrypted?: boolean;
  /** How long people have, in milliseconds, as text. @default a day */
  waitForPeopleMs?: string;
  publicUrl?: string;
  privateWebhooks?: string;
  sandboxSettings?: Record<string, string | undefined>;
  /** Where example agents and policies are. @default those of this release */
  examples?: string;
}

/** What {@link startGatehouse} says of itself: also in `stack.json` for other terminals. */
export type GatehouseAddresses = Omit<RunningStack, 'pid' | 'identity'>;

export interface Gatehouse {
  /** Absolute. */
  dataDir: string;
  addresses: GatehouseAddresses;
  /** Resolves when a server ended without being asked to; workers are started again instead. */
  failed: Promise<GatehouseError>;
  /** Stops all, workers first. */
  stop(): Promise<void>;
}

/**
 * Brings up everything of one data folder: servers, database schema, keys, the organization `local` with its examples,
 * the workers and the API. What an earlier one left, killed or not, is continued.
 *
 * @throws GatehouseError, with nothing left running
 */
export async function startGatehouse(options: GatehouseOptions): Promise<Gatehouse> {
  const stack = await startStack(options);
  const { dataDir } = stack;
  const processes = createProcessGroup({ folder: dataDir });
  const supervisor = createSupervisor({ processes, warn: options.warn });
  const stop = async () => {
    await removeStackFile(dataDir);
    await supervisor.stop();
    await stack.stop();
  };
  try {
    for (const folder of WORKER_FOLDERS) await mkdir(join(dataDir, folder), { recursive: true, mode: 0o700 });
    for (const name of ['grant', 'audit', 'runner', 'sandbox', 'api'] as const)
      loadOrMakeKey(join(dataDir, 'keys'), name);
    ensureGrantKeySet(join(dataDir, 'keys'));
    const payloadKeys = options.isEncrypted === false ? undefined : keptPayloadKeys(dataDir);
    const { keyFile, databaseUrl } = await furnish(stack, options);
    const apiPort = await stack.ports.choose('api', options.askedPorts?.api);
    const api = `http://127.0.0.1:${apiPort}/`;
    const addresses: GatehouseAddresses = {
      temporal: stack.temporalAddress,
      namespace: stack.namespace,
      temporalUi: stack.temporalUi?.href ?? null,
      databaseUrl,
      organization: LOCAL_ORGANIZATION,
      keyFile,
      artifacts: join(dataDir, 'artifacts'),
      payloadKeys,
      privateWebhooks: options.privateWebhooks,
      codec: payloadKeys && stack.codec.href,
      api,
      console: `${api}console`,
    };
    const path = options.environment.PATH ?? '/usr/local/bin:/usr/bin:/bin';
    const log = options.log ?? 'info';
    const { codec: codecAddress, temporalUi } = stack;
    const codec = payloadKeys
      ? [codecProcess({ address: codecAddress, temporalUi, payloadKeys, api: new URL(api), path, log })]
      : [];
    const workers = workerProcesses({
      temporalAddress: stack.temporalAddress,
      namespace: stack.namespace,
      databaseUrl,
      dataDir,
      host: hostOf(dataDir),
      channelSocket: await socketPath(dataDir, 'channel.sock', options.environment),
      brokerSocket: await socketPath(dataDir, 'broker.sock', options.environment),
      artifactSocket: await socketPath(dataDir, 'artifacts.sock', options.environment),
      brokerFile: await ensureBrokerFile(dataDir, LOCAL_ORGANIZATION),
      path,
      modelKeys: options.modelKeys,
      log,
      payloadKeys,
      waitForPeopleMs: options.waitForPeopleMs,
      publicUrl: options.publicUrl,
      privateWebhooks: options.privateWebhooks,
      sandboxSettings: options.sandboxSettings,
      apiPort,
      temporalUi: stack.temporalUi?.href,
    });
    await reportIfSlow(options.progress, 'starting the workers', supervisor.start([...workers, ...codec]));
    await writeStackFile(dataDir, addresses);
    return { dataDir, addresses, failed: stack.failed, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Schema, organization, examples and the local key. @returns the key's file, and the database for everyday work */
async function furnish(
  { dataDir, databaseUrl: ownerUrl }: Stack,
  options: GatehouseOptions,
): Promise<{ keyFile: string; databaseUrl: string }> {
  await reportIfSlow(options.progress, 'bringing the database up to date', migrate(ownerUrl));
  const databaseUrl = await runtimeDatabaseUrl(dataDir, ownerUrl, options.warn);
  const database = openDatabase(databaseUrl, { poolSize: 2 });
  try {
    const { id: organizationId } = await createOrganizationStore(database).ensureLocal();
    await applyExamples({
      dataDir,
      organizationId,
      artifacts: createLocalArtifactStore({ folder: join(dataDir, 'artifacts') }),
      agents: createAgentStore(database),
      policies: createPolicyStore(database),
      folder: options.examples,
    });
    await warnOfHalts(organizationId, createHaltStore(database), options.warn);
    return { keyFile: await ensureLocalApiKey(dataDir, organizationId, database), databaseUrl };
  } finally {
    await database.close();
  }
}

/** Names this machine's sandbox; two data folders on one machine are two hosts, and stay the same over restarts. */
function hostOf(dataDir: string): string {
  const machine = hostname()
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-')
    .replace(/^-+/, '')
    .slice(0, 40);
  return `${machine || 'host'}-${sha256(dataDir).slice(0, 8)}`;
}
