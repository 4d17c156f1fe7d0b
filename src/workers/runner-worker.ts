import { Client } from '@temporalio/client';
import { type NativeConnection, Worker } from '@temporalio/worker';
import { createTakeTurn } from '../../activities/take-turn';
import { queues } from '../../workflows/messages';
import { loadKey } from '../broker/keys';
import { dataConverterOf } from '../codec/data-converter';
import type { RunnerConfig } from '../config';
import { createFetchTranscript } from '../model/fetch-transcript';
import { createScriptSource } from '../model/pinned-script';
import { createModelRegistry } from '../model/registry';
import { createTranscriptCache } from '../model/transcript-cache';
import { createArtifactClient } from '../sandbox/artifact-client';
import { type ChannelAddress, createChannelClient } from '../sandbox/channel-client';
import { readChannelTls } from '../sandbox/channel-tls';
import { builtInTools, describeForModel } from '../tools/catalogue';
import { presentTools } from '../tools/present-tools';
import { artifactsAt } from './artifact-settings';
import { WORKER_LIMITS, type WorkerSetup, workerIdentity } from './serve';

const MAX_CACHED_TRANSCRIPT_BYTES = 256 * 1024 * 1024;

/** Builds the worker; see the entry point of the same name. */
export async function createRunnerWorker(
  config: RunnerConfig,
  connection: NativeConnection,
): Promise<WorkerSetup> {
  const dataConverter = dataConverterOf(config.GATEHOUSE_PAYLOAD_KEYS);
  const client = new Client({ connection, namespace: config.TEMPORAL_NAMESPACE, dataConverter });
  const key = loadKey(config.GATEHOUSE_RUNNER_KEY);
  const artifacts = createArtifactClient({ ...artifactsAt(config), key });
  const channels = new Map(
    [...config.GATEHOUSE_CHANNELS].map(([host, address]) => [
      host,
      createChannelClient({ ...channelAddress(address, config), runnerKey: key }),
    ]),
  );
  const tools = describeForModel(presentTools(builtInTools.values()));
  const worker = await Worker.create({
    ...WORKER_LIMITS,
    identity: workerIdentity('runner'),
    connection,
    namespace: config.TEMPORAL_NAMESPACE,
    taskQueue: queues.runner,
    dataConverter,
    activities: createTakeTurn({
      providerOf: createModelRegistry({ ...modelsOf(config), scripts: createScriptSource() }),
      cache: createTranscriptCache(MAX_CACHED_TRANSCRIPT_BYTES),
      artifactsOf: artifacts.open,
      channels: (host) => channels.get(host),
      toolsOf: () => tools,
      fetchTranscript: createFetchTranscript({ client }),
    }),
  });
  return { workers: [worker], close: async () => artifacts.close() };
}

function channelAddress(address: string, config: RunnerConfig): ChannelAddress {
  if (!address.startsWith('https:')) return { socketPath: address };
  return { url: new URL(address), tls: readChannelTls(config) };
}

function modelsOf(config: RunnerConfig): Parameters<typeof createModelRegistry>[0] {
  const { ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL, OPENAI_COMPATIBLE_API_KEY, OPENAI_COMPATIBLE_BASE_URL } =
    config;
  return {
    ...(ANTHROPIC_API_KEY ? { anthropic: { apiKey: ANTHROPIC_API_KEY, baseURL: ANTHROPIC_BASE_URL } } : {}),
    ...(OPENAI_COMPATIBLE_BASE_URL
      ? { openaiCompatible: { baseURL: OPENAI_COMPATIBLE_BASE_URL, apiKey: OPENAI_COMPATIBLE_API_KEY } }
      : {}),
  };
}
