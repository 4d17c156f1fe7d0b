import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { type NativeConnection, Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import { createDiscard } from '../../activities/discard';
import { createExecuteTool } from '../../activities/execute-tool';
import { createPrepare } from '../../activities/prepare';
import { createProbeTool } from '../../activities/probe-tool';
import { hostQueue, queues } from '../../workflows/messages';
import { createGrantVerifier } from '../broker/grant';
import { watchGrantKeys } from '../broker/grant-keys';
import { loadKey } from '../broker/keys';
import { dataConverterOf } from '../codec/data-converter';
import type { SandboxConfig } from '../config';
import { createArtifactClient } from '../sandbox/artifact-client';
import { createBrokerClient } from '../sandbox/broker-client';
import { createBubblewrapSandbox } from '../sandbox/bubblewrap';
import {
  type ChannelOptions,
  type ChannelServer,
  startChannelServer,
  startTlsChannelServer,
} from '../sandbox/channel-server';
import { readChannelTls } from '../sandbox/channel-tls';
import { describeControlGroupPlace, findControlGroupPlace } from '../sandbox/control-group-place';
import { createExecutor } from '../sandbox/execute';
import { createHeldCredentials } from '../sandbox/held-credentials';
import { createJournal } from '../sandbox/journal';
import { JOURNAL_FOLDER } from '../sandbox/run-folder';
import { createWorkspaces } from '../sandbox/workspace';
import { builtInTools } from '../tools/catalogue';
import { toolOf } from '../tools/declared';
import { createLocalForge } from '../tools/local-forge';
import { artifactsAt } from './artifact-settings';
import { brokerAt } from './broker-settings';
import { isRunning } from './is-running';
import { drainLimits, WORKER_LIMITS, type WorkerSetup, workerIdentity } from './serve';
import { startSweeping } from './sweeping';
import { createTemporalAsker } from './temporal-asker';

/** Prepares workspaces on the shared queue, executes on this host's own, and reads over the channel. */
export async function createSandboxWorker(
  config: SandboxConfig,
  connection: NativeConnection,
  logger: Logger,
): Promise<WorkerSetup> {
  const dataConverter = dataConverterOf(config.GATEHOUSE_PAYLOAD_KEYS);
  const key = loadKey(config.GATEHOUSE_SANDBOX_KEY);
  const artifacts = createArtifactClient({ ...artifactsAt(config), key });
  const host = { name: config.GATEHOUSE_HOST, thumbprint: key.thumbprint };
  const forge = createLocalForge({ root: config.GATEHOUSE_FORGE });
  const log = (message: string, cause: unknown) => logger.error({ err: cause }, message);
  logger.info({ controlGroups: describeControlGroupPlace(findControlGroupPlace()) }, 'limits of commands');
  const sandbox = createBubblewrapSandbox({
    log,
    limits: {
      memoryMiB: config.GATEHOUSE_SANDBOX_MEMORY_MIB,
      processes: config.GATEHOUSE_SANDBOX_PROCESSES,
      fileMiB: config.GATEHOUSE_SANDBOX_FILE_MIB,
    },
  });
  const broker = brokerAt(config);
  const credentials = broker ? createHeldCredentials(createBrokerClient({ ...broker, key })) : undefined;
  const workspaces = createWorkspaces({
    root: config.GATEHOUSE_WORKSPACES,
    host: host.name,
    sandbox,
    openArtifacts: artifacts.open,
    forge,
    credentials,
    log,
  });
  const executor = createExecutor({
    sandbox,
    workspaces,
    openArtifacts: artifacts.open,
    journal: createJournal({ folder: join(config.GATEHOUSE_WORKSPACES, JOURNAL_FOLDER) }),
    verifier: createGrantVerifier({ find: watchGrantKeys(config.GATEHOUSE_GRANT_PUBLIC_KEYS, log) }),
    tools: builtInTools,
    toolOf,
    forge,
    host,
    asker: createTemporalAsker({
      connection,
      namespace: config.TEMPORAL_NAMESPACE,
      dataConverter,
      key,
      log,
    }),
    credentials,
    log,
  });
  const shared = {
    ...WORKER_LIMITS,
    ...drainLimits(config.GATEHOUSE_DRAIN_MS),
    identity: workerIdentity('sandbox'),
    connection,
    namespace: config.TEMPORAL_NAMESPACE,
    dataConverter,
  };
  const [preparer, runner] = await Promise.all([
    Worker.create({
      ...shared,
      taskQueue: queues.sandbox,
      activities: createPrepare({ workspaces, host }),
    }),
    Worker.create({
      ...shared,
      taskQueue: hostQueue(host.name),
      activities: {
        ...createPrepare({ workspaces, host }),
        ...createExecuteTool({ executor }),
        ...createProbeTool({ executor }),
        ...createDiscard({ workspaces, credentials }),
      },
    }),
  ]);
  const channels = await openChannels(config, { executor, log });
  const { workflow } = new Client({ connection, namespace: config.TEMPORAL_NAMESPACE, dataConverter });
  const sweeping = startSweeping({ workspaces, isRunning: (runId) => isRunning(workflow, runId), log });
  return {
    workers: [preparer, runner],
    async close() {
      await sweeping.stop();
      await Promise.all(channels.map((channel) => channel.close()));
      artifacts.close();
    },
  };
}

async function openChannels(config: SandboxConfig, options: ChannelOptions): Promise<ChannelServer[]> {
  const { GATEHOUSE_CHANNEL_SOCKET: socketPath, GATEHOUSE_CHANNEL_LISTEN: address } = config;
  const opened: ChannelServer[] = [];
  if (socketPath) opened.push(await startChannelServer({ ...options, socketPath }));
  if (address) {
    const { hostname, port } = new URL(`tcp://${address}`);
    const tls = readChannelTls(config);
    const host = hostname.replace(/^\[|\]$/g, '');
    opened.push(await startTlsChannelServer({ ...options, host, port: Number(port), tls }));
  }
  return opened;
}
