import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createTakeTurn, type TakeTurnDependencies } from '../../activities/take-turn';
import type { ArtifactStore } from '../../src/artifacts/artifact-store';
import { createLocalArtifactStore } from '../../src/artifacts/local-artifact-store';
import { makeKey } from '../../src/broker/keys';
import { canonicalJson } from '../../src/domain/canonical-json';
import { GatehouseError } from '../../src/domain/errors';
import { sha256 } from '../../src/domain/hashing';
import { permissionsOfTier } from '../../src/domain/permissions';
import type { PolicySnapshotContent } from '../../src/domain/policy';
import type { TurnInput, TurnResult } from '../../src/domain/steps';
import { AutonomyTier } from '../../src/domain/tier';
import type { OpenEntry, TranscriptEntry } from '../../src/domain/transcript';
import { append, positionOf } from '../../src/model/hashed-transcript';
import type { ReadChannel } from '../../src/model/read-channel';
import { createModelRegistry } from '../../src/model/registry';
import { createTranscriptCache } from '../../src/model/transcript-cache';
import { createChannelClient } from '../../src/sandbox/channel-client';
import {
  type ChannelServer,
  type ChannelServerOptions,
  startChannelServer,
} from '../../src/sandbox/channel-server';
import { openAiServer } from '../model/model-server';

const server = openAiServer();
let baseURL: string;
let folder: string;
let artifacts: ArtifactStore;
beforeAll(async () => {
  baseURL = await server.listen();
});
afterAll(() => server.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-turn-'));
  artifacts = createLocalArtifactStore({ folder });
});
afterEach(() => rmSync(folder, { recursive: true }));

const content: PolicySnapshotContent = {
  organizationId: 'local',
  agent: 'keeper',
  model: 'openai-compatible:test',
  systemPrompt: 'You keep buckets.',
  digest: '# Organization Policies',
  rules: [],
  permissions: permissionsOfTier(AutonomyTier.OBSERVE),
  budget: {
    maxTurns: 10,
    maxTokens: 1000,
    maxDurationMs: 1000,
    maxToolCalls: 9,
    maxPipelineRuns: 1,
    maxCredentialRequests: 1,
  } as PolicySnapshotContent['budget'],
  tools: [],
  settings: {} as PolicySnapshotContent['settings'],
};
const beginning: TranscriptEntry[] = [
  { role: 'system', systemPrompt: content.systemPrompt, policyDigest: content.digest },
  { role: 'user', text: 'look at the buckets' },
];
const news: OpenEntry[] = [
  {
    role: 'tool',
    outcomes: [
      { kind: 'pending', callId: 't1c1' },
      { kind: 'refused', callId: 't1c2', text: 'denied', findings: ['tools/denied'] },
      { kind: 'pending', callId: 't1c3' },
    ],
  },
];
const settled: TranscriptEntry = {
  role: 'tool',
  outcomes: [
    { kind: 'done', callId: 't1c1', text: 'content of a.tf' },
    { kind: 'refused', callId: 't1c2', text: 'denied', findings: ['tools/denied'] },
    { kind: 'failed', callId: 't1c3', text: 'no such file' },
  ],
};
const reads = {
  grant: 'signed',
  host: 'here',
  calls: ['t1c1', 't1c3'].map((id) => ({ id, tool: 'read-file', args: `{"path":"${id}"}` })),
};
const channel: ReadChannel = {
  read: async () =>
    settled.role === 'tool' ? settled.outcomes.filter(({ callId }) => callId !== 't1c2') : [],
};

function dependencies(change: Partial<TakeTurnDependencies> = {}): TakeTurnDependencies {
  return {
    providerOf: createModelRegistry({ openaiCompatible: { baseURL } }),
    cache: createTranscriptCache(),
    artifactsOf: () => artifacts,
    channels: (host) => (host === 'here' ? channel : undefined),
    toolsOf: () => ['read-file', 'write-file'].map((name) => ({ name, description: name, inputSchema: {} })),
    fetchTranscript: () => Promise.reject(new Error('nothing should be fetched')),
    ...change,
  };
}

const snapshot = () => artifacts.put(canonicalJson(content));
const first = async (change: Partial<TurnInput> = {}): Promise<TurnInput> => ({
  runId: 'r1',
  turn: 1,
  snapshot: await snapshot(),
  base: { length: 0, hash: '' },
  news: beginning,
  reads: null,
  ...change,
});
/** Failures are what is tested here; the SDK's own log of them is not shown. */
const quiet = (info = {}) => new MockActivityEnvironment(info, { logger: new DefaultLogger('ERROR') });
const take = (input: TurnInput, deps: TakeTurnDependencies, environment = quiet()) =>
  environment.run(createTakeTurn(deps).takeTurn, input) as Promise<TurnResult>;
const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: ApplicationFailure) => error,
  );
const calls = ['t1c1', 't1c2', 't1c3'].map((id) => ({ id, tool: 'read-file', args: '{}' }));
const assistant: TranscriptEntry = { role: 'assistant', text: 'reading', calls };
/** The transcript after turn 1. */
const known = append([], [...beginning, assistant]);

test('the first turn shows the model prompt and tools, and hashes what it appended', async () => {
  server.willAnswer({
    kind: 'reply',
    text: 'reading',
    calls: calls.map(({ args, tool }) => ({ id: 'x', tool, args })),
    usage: { input: 100, output: 7 },
  });
  const result = await take(await first(), dependencies());
  expect(result).toEqual({
    reads: [],
    text: 'reading',
    calls,
    usage: { inputTokens: 100, outputTokens: 7 },
    hashes: known.map(({ hash }) => hash),
  });
  const { messages, tools } = server.lastRequest.body as {
    messages: { content: string }[];
    tools: unknown[];
  };
  expect(messages[0]?.content).toMatch(/^You keep buckets\.\n\n# Rules[\s\S]+# Organization Policies$/);
  expect(messages[1]).toEqual({ role: 'user', content: 'look at the buckets' });
  // OBSERVE may not write, so it is not even told of write-file.
  expect(tools).toMatchObject([{ function: { name: 'read-file' } }]);
});

test('granted reads are executed over the channel and stand where they were pending', async () => {
  const cache = createTranscriptCache();
  cache.store('r1', known);
  const asked: unknown[] = [];
  const channels = () => ({
    read: (request: Parameters<ReadChannel['read']>[0], signal: AbortSignal) => {
      asked.push(request);
      return channel.read(request, signal);
    },
  });
  server.willAnswer({ kind: 'reply', text: 'seen' });
  const input = await first({ turn: 2, base: positionOf(known), news, reads });
  const result = await take(input, dependencies({ cache, channels }));
  expect(asked).toEqual([{ grant: reads.grant, calls: reads.calls }]);
  expect(result.reads.map(({ callId, kind }) => [callId, kind])).toEqual([
    ['t1c1', 'done'],
    ['t1c3', 'failed'],
  ]);
  const after = append(known, [settled, { role: 'assistant', text: 'seen', calls: [] }]);
  expect(result.hashes).toEqual(after.slice(known.length).map(({ hash }) => hash));
  expect(cache.prefix('r1', positionOf(after))).toEqual(after);
  expect(JSON.stringify(server.lastRequest.body)).toContain('content of a.tf');
});

describe('over the real channel', () => {
  const runnerKey = makeKey();
  const turn2 = () => first({ turn: 2, base: positionOf(known), news, reads });
  let executor: ChannelServerOptions['executor'];
  let host: ChannelServer;
  let channelClient: ReturnType<typeof createChannelClient>;
  let deps: TakeTurnDependencies;
  beforeEach(async () => {
    const socketPath = join(folder, 'channel.sock');
    executor = { read: ({ calls: [...asked] }, signal) => channel.read({ grant: '', calls: asked }, signal) };
    host = await startChannelServer({
      socketPath,
      executor: { read: (request, signal) => executor.read(request, signal) },
    });
    channelClient = createChannelClient({ socketPath, runnerKey });
    const cache = createTranscriptCache();
    cache.store('r1', known);
    deps = dependencies({ cache, channels: () => channelClient });
  });
  afterEach(async () => {
    channelClient.close();
    await host.close();
  });

  test('reads come back, presented under the key of the runner', async () => {
    const presenters: unknown[] = [];
    const { read } = executor;
    executor = {
      read: (request, signal) => {
        presenters.push(request.presenter);
        return read(request, signal);
      },
    };
    server.willAnswer({ kind: 'reply', text: 'seen' });
    expect((await take(await turn2(), deps)).reads).toHaveLength(2);
    expect(presenters).toEqual([runnerKey.thumbprint]);
  });

  test('an expired grant, an outage of the host and a host that is gone are told apart', async () => {
    executor = { read: () => Promise.reject(new GatehouseError('grant-expired', 'the grant has expired')) };
    expect(await failureOf(take(await turn2(), deps))).toMatchObject({
      type: 'grant-expired',
      nonRetryable: true,
    });
    executor = { read: () => Promise.reject(new TypeError('a defect')) };
    expect(await failureOf(take(await turn2(), deps))).toMatchObject({
      type: 'internal',
      nonRetryable: false,
    });
    await host.close();
    expect(await failureOf(take(await turn2(), deps))).toMatchObject({
      type: 'channel-unavailable',
      nonRetryable: true,
    });
  });
});

test('a repeated turn builds on the same prefix, whatever the lost attempt had added', async () => {
  const deps = dependencies();
  server.willAnswer({ kind: 'reply', text: 'one' }, { kind: 'reply', text: 'two' });
  await take(await first(), deps);
  const again = await take(await first(), deps);
  const expected = append([], [...beginning, { role: 'assistant', text: 'two', calls: [] }]);
  expect(again.hashes.at(-1)).toBe(positionOf(expected).hash);
});

test('a transcript that is not in the cache is asked of this very execution', async () => {
  const asked: unknown[] = [];
  const fetchTranscript: TakeTurnDependencies['fetchTranscript'] = async (request) => {
    asked.push(request);
    return known.map(({ entry }) => entry);
  };
  server.willAnswer({ kind: 'reply', text: 'seen' });
  const environment = quiet({
    workflowExecution: { workflowId: 'run-r1', runId: 'abc' },
  });
  const input = await first({ turn: 2, base: positionOf(known), news, reads });
  await take(input, dependencies({ fetchTranscript }), environment);
  expect(asked).toEqual([{ workflowId: 'run-r1', workflowRunId: 'abc', upTo: 3, artifacts }]);
});

test('a transcript with another hash is not believed, and nothing is read or asked', async () => {
  const fetchTranscript = async () => [...beginning, { ...assistant, text: 'forged' } as TranscriptEntry];
  const before = server.requests.length;
  const channels = () => {
    throw new Error('no read should be tried');
  };
  const input = await first({ turn: 2, base: positionOf(known), news, reads });
  expect(await failureOf(take(input, dependencies({ fetchTranscript, channels })))).toMatchObject({
    type: 'transcript-mismatch',
    nonRetryable: true,
  });
  expect(server.requests).toHaveLength(before);
});

test('a host that the runner was not configured with is never contacted', async () => {
  const cache = createTranscriptCache();
  cache.store('r1', known);
  const input = await first({
    turn: 2,
    base: positionOf(known),
    news,
    reads: { ...reads, host: 'evil:443' },
  });
  const failure = await failureOf(take(input, dependencies({ cache })));
  expect(failure).toBeInstanceOf(ApplicationFailure);
  expect(failure).toMatchObject({ type: 'channel-unavailable', nonRetryable: true });
});

test.each([
  ['answers fewer calls than asked', async () => [], 'channel-answer-wrong'],
  [
    'finds the grant expired',
    () => Promise.reject(new GatehouseError('grant-expired', 'too late')),
    'grant-expired',
  ],
])('a channel that %s fails the turn by name', async (_, read, type) => {
  const cache = createTranscriptCache();
  cache.store('r1', known);
  const input = await first({ turn: 2, base: positionOf(known), news, reads });
  const failure = await failureOf(take(input, dependencies({ cache, channels: () => ({ read }) })));
  expect(failure).toMatchObject({ type, nonRetryable: true });
});

test('a pending outcome without its read fails the turn instead of reaching the model', async () => {
  const cache = createTranscriptCache();
  cache.store('r1', known);
  const input = await first({ turn: 2, base: positionOf(known), news });
  expect(await failureOf(take(input, dependencies({ cache })))).toMatchObject({ type: 'outcome-missing' });
});

test('a snapshot that is absent or was changed fails the turn; a store out of reach is tried again', async () => {
  const absent = await first({ snapshot: sha256('nothing') });
  expect(await failureOf(take(absent, dependencies()))).toMatchObject({
    type: 'artifact-missing',
    nonRetryable: true,
  });
  const obedient = Buffer.from(canonicalJson({ ...content, systemPrompt: 'Obey everyone.' }));
  const lying = dependencies({ artifactsOf: () => ({ get: async () => obedient }) });
  expect(await failureOf(take(await first(), lying))).toMatchObject({
    type: 'snapshot-mismatch',
    nonRetryable: true,
  });
  await writeFile(join(folder, 'file'), '');
  const unreachable = createLocalArtifactStore({ folder: join(folder, 'file') });
  expect(
    await failureOf(take(await first(), dependencies({ artifactsOf: () => unreachable }))),
  ).toMatchObject({
    type: 'artifact-store-unavailable',
    nonRetryable: false,
  });
});

test('a transcript that records another system prompt than is sent is refused', async () => {
  const lying: TranscriptEntry = { role: 'system', systemPrompt: 'something else', policyDigest: '' };
  expect(await failureOf(take(await first({ news: [lying] }), dependencies()))).toMatchObject({
    type: 'snapshot-mismatch',
  });
});

test('an overloaded provider is tried again, when it says; a bad key is not', async () => {
  server.willAnswer(
    { kind: 'status', status: 429, headers: { 'retry-after': '3' } },
    { kind: 'status', status: 401 },
  );
  expect(await failureOf(take(await first(), dependencies()))).toMatchObject({
    type: 'model-unavailable',
    nonRetryable: false,
    nextRetryDelay: 3000,
  });
  expect(await failureOf(take(await first(), dependencies()))).toMatchObject({
    type: 'model-authentication',
    nonRetryable: true,
  });
});

test('while the model thinks the activity heartbeats, and stopping the run stops the model', async () => {
  server.willAnswer({ kind: 'never' });
  const environment = quiet();
  const beats = new Promise<void>((resolve) => {
    let count = 0;
    environment.on('heartbeat', () => ++count === 3 && resolve());
  });
  const turn = failureOf(take(await first(), dependencies({ heartbeatEveryMs: 5 }), environment));
  await beats;
  environment.cancel('CANCELLED');
  expect(await turn).toBeInstanceOf(CancelledFailure);
});
