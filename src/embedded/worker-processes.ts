import { join } from 'node:path';
import { GRANT_KEY_SET } from '../broker/grant-keys';
import type { ProcessDescription } from './process';

/** The model keys, which the runner gets and nobody else. */
export interface ModelKeys {
  ANTHROPIC_API_KEY?: string;
  ANTHROPIC_BASE_URL?: string;
  OPENAI_COMPATIBLE_API_KEY?: string;
  OPENAI_COMPATIBLE_BASE_URL?: string;
}

export interface WorkerSettings {
  temporalAddress: string;
  namespace: string;
  databaseUrl: string;
  dataDir: string;
  /** Short, and its own for each data folder: names the queue of this host. */
  host: string;
  /** At most 100 bytes long. */
  channelSocket: string;
  /** Of the credential broker; at most 100 bytes long. */
  brokerSocket: string;
  /** Where runner and sandbox reach artifacts; at most 100 bytes long. */
  artifactSocket: string;
  /** What the broker offers. */
  brokerFile: string;
  path: string;
  modelKeys: ModelKeys;
  log: string;
  /** Milliseconds, as text. @default a day */
  waitForPeopleMs?: string;
  /** Where notifications lead and may go; see control in src/config.ts. */
  publicUrl?: string;
  privateWebhooks?: string;
  /** Limits of the sandbox and its proxy's credentials, by their variables; see sandbox in src/config.ts. */
  sandboxSettings?: Record<string, string | undefined>;
  /** File of the keys that encrypt histories. */
  payloadKeys?: string;
  /** Where the API listens, on loopback. */
  apiPort: number;
  /** Where the console says that workflows are seen. */
  temporalUi?: string;
}

/** Folders of the data folder that the workers keep things in. */
export const WORKER_FOLDERS = ['artifacts', 'workspaces', 'forge', 'keys'] as const;

/**
 * The three worker processes and the API, each with exactly the environment of its plane (src/config.ts) and PATH: runner
 * and sandbox are not told where database and artifacts are, and the model's keys go to the runner alone.
 */
export function workerProcesses(settings: WorkerSettings): ProcessDescription[] {
  return PLANES.map((plane) => ({
    name: `gatehouse-${plane}`,
    command: process.execPath,
    args: ['--require', join(ROOT, 'bin/sources.js'), join(ROOT, ENTRIES[plane])],
    workingDirectory: ROOT,
    environment: definedOnly({ ...shared(settings), ...environments[plane](settings) }),
    readiness: { kind: 'line', line: `gatehouse-${plane} is ready` },
    readyWithinMs: 90_000,
    stopWithinMs: 20_000,
  }));
}

const ROOT = join(__dirname, '../..');

const ENTRIES = {
  control: 'src/workers/control.ts',
  runner: 'src/workers/runner.ts',
  sandbox: 'src/workers/sandbox.ts',
  api: 'src/api/main.ts',
} as const;
type Plane = keyof typeof ENTRIES;
const PLANES = Object.keys(ENTRIES) as Plane[];

function shared({ temporalAddress, namespace, path, log, payloadKeys }: WorkerSettings) {
  return {
    PATH: path,
    TEMPORAL_ADDRESS: temporalAddress,
    TEMPORAL_NAMESPACE: namespace,
    GATEHOUSE_LOG: log,
    GATEHOUSE_PAYLOAD_KEYS: payloadKeys,
  };
}

const environments: Record<Plane, (settings: WorkerSettings) => Record<string, string | undefined>> = {
  control: ({
    databaseUrl,
    dataDir,
    waitForPeopleMs,
    publicUrl,
    privateWebhooks,
    apiPort,
    brokerSocket,
    brokerFile,
    artifactSocket,
  }) => ({
    DATABASE_URL: databaseUrl,
    GATEHOUSE_ARTIFACTS: join(dataDir, 'artifacts'),
    GATEHOUSE_ARTIFACT_ENDPOINT: `unix:${artifactSocket}`,
    GATEHOUSE_GRANT_KEY: key(dataDir, 'grant.jwk'),
    GATEHOUSE_AUDIT_KEY: key(dataDir, 'audit.jwk'),
    GATEHOUSE_RUNNER_PUBLIC_KEY: key(dataDir, 'runner.public.jwk'),
    GATEHOUSE_SANDBOX_PUBLIC_KEYS: key(dataDir, 'sandbox.public.jwk'),
    GATEHOUSE_API_PUBLIC_KEYS: key(dataDir, 'api.public.jwk'),
    GATEHOUSE_CHANNEL: 'on',
    GATEHOUSE_BROKER: `unix:${brokerSocket}`,
    GATEHOUSE_BROKER_CONFIG: brokerFile,
    GATEHOUSE_WAIT_FOR_PEOPLE_MS: waitForPeopleMs,
    GATEHOUSE_PUBLIC_URL: publicUrl ?? `http://127.0.0.1:${apiPort}`,
    GATEHOUSE_PRIVATE_WEBHOOKS: privateWebhooks,
  }),
  runner: ({ dataDir, host, channelSocket, modelKeys, artifactSocket }) => ({
    GATEHOUSE_ARTIFACT_ENDPOINT: `unix:${artifactSocket}`,
    GATEHOUSE_RUNNER_KEY: key(dataDir, 'runner.jwk'),
    GATEHOUSE_CHANNELS: `${host}=${channelSocket}`,
    ...modelKeys,
  }),
  sandbox: ({ dataDir, host, channelSocket, brokerSocket, artifactSocket, sandboxSettings }) => ({
    GATEHOUSE_ARTIFACT_ENDPOINT: `unix:${artifactSocket}`,
    ...sandboxSettings,
    GATEHOUSE_HOST: host,
    GATEHOUSE_SANDBOX_KEY: key(dataDir, 'sandbox.jwk'),
    GATEHOUSE_GRANT_PUBLIC_KEYS: key(dataDir, GRANT_KEY_SET),
    GATEHOUSE_RUNNER_PUBLIC_KEY: key(dataDir, 'runner.public.jwk'),
    GATEHOUSE_WORKSPACES: join(dataDir, 'workspaces'),
    GATEHOUSE_FORGE: join(dataDir, 'forge'),
    GATEHOUSE_CHANNEL_SOCKET: channelSocket,
    GATEHOUSE_BROKER: `unix:${brokerSocket}`,
  }),
  api: ({ databaseUrl, dataDir, apiPort, temporalUi, privateWebhooks }) => ({
    GATEHOUSE_TEMPORAL_UI: temporalUi,
    GATEHOUSE_ARTIFACTS: join(dataDir, 'artifacts'),
    DATABASE_URL: databaseUrl,
    GATEHOUSE_API_KEY: key(dataDir, 'api.jwk'),
    GATEHOUSE_API_HOST: '127.0.0.1',
    GATEHOUSE_API_PORT: String(apiPort),
    GATEHOUSE_LOCAL_REPOSITORIES: 'on',
    GATEHOUSE_PRIVATE_WEBHOOKS: privateWebhooks,
  }),
};

function key(dataDir: string, file: string): string {
  return join(dataDir, 'keys', file);
}

function definedOnly(environment: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
