import { join } from 'node:path';
import { type NativeConnection, Worker } from '@temporalio/worker';
import type { Logger } from 'pino';
import { createDiscard } from '../../activities/discard';
import { createExecuteTool } from '../../activities/execute-tool';
import { createPrepare } from '../../activities/prepare';
import { hostQueue, queues } from '../../workflows/messages';
import { openArtifactStore } from '../artifacts/open-artifact-store';
import { createGrantVerifier } from '../broker/grant';
import { loadKey, loadPublicKey } from '../broker/keys';
import { dataConverterOf } from '../codec/data-converter';
import type { SandboxConfig } from '../config';
import { createBubblewrapSandbox } from '../sandbox/bubblewrap';
import { startChannelServer } from '../sandbox/channel-server';
import { createExecutor } from '../sandbox/execute';
import { createJournal } from '../sandbox/journal';
import { readStaticCredentials } from '../sandbox/static-credentials';
import { createWorkspaces } from '../sandbox/workspace';
import { builtInTools } from '../tools/catalogue';
import { toolOf } from '../tools/declared';
import { createLocalForge } from '../tools/local-forge';
import { WORKER_LIMITS, type WorkerSetup, workerIdentity } from './serve';
import { createTemporalAsker } from './temporal-asker';

/** Prepares workspaces on the shared queue, executes on this host's own, and reads over the channel. */
export async function createSandboxWorker(
  config: SandboxConfig,
  connection: NativeConnection,
  logger: Logger,
): Promise<WorkerSetup> {
  const artifacts = openArtifactStore(config);
  const dataConverter = dataConverterOf(config.GATEHOUSE_PAYLOAD_KEYS);
  const key = loadKey(config.GATEHOUSE_SANDBOX_KEY);
  const host = { name: config.GATEHOUSE_HOST, thumbprint: key.thumbprint };
  const forge = createLocalForge({ root: config.GATEHOUSE_FORGE });
  const log = (message: string, cause: unknown) => logger.error({ err: cause }, message);
  const sandbox = createBubblewrapSandbox({
    log,
    limits: {
      memoryMiB: config.GATEHOUSE_SANDBOX_MEMORY_MIB,
      processes: config.GATEHOUSE_SANDBOX_PROCESSES,
      fileMiB: config.GATEHOUSE_SANDBOX_FILE_MIB,
    },
  });
  const workspaces = createWorkspaces({ root: config.GATEHOUSE_WORKSPACES, sandbox, artifacts, forge, log });
  const executor = createExecutor({
    sandbox,
    workspaces,
    artifacts,
    journal: createJournal({ folder: join(config.GATEHOUSE_WORKSPACES, 'journal') }),
    verifier: createGrantVerifier({ publicKeys: config.GATEHOUSE_GRANT_PUBLIC_KEYS.map(loadPublicKey) }),
    tools: builtInTools,
    toolOf,
    forge,
    host,
    credentialsOf: config.GATEHOUSE_EGRESS_CREDENTIALS
      ? readStaticCredentials(config.GATEHOUSE_EGRESS_CREDENTIALS)
      : undefined,
    asker: createTemporalAsker({
      connection,
      namespace: config.TEMPORAL_NAMESPACE,
      dataConverter,
      key,
      log,
    }),
    log,
  });
  const shared = {
    ...WORKER_LIMITS,
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
      activities: { ...createExecuteTool({ executor }), ...createDiscard({ workspaces }) },
    }),
  ]);
  const socketPath = config.GATEHOUSE_CHANNEL_SOCKET;
  const channel = socketPath ? await startChannelServer({ socketPath, executor, log }) : null;
  return { workers: [preparer, runner], close: async () => channel?.close() };
}
