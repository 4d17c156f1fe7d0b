import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createLocalArtifactStore } from '../../src/artifacts/local-artifact-store';
import { canonicalJson } from '../../src/domain/canonical-json';
import type { ArchivedEntry, TranscriptEntry } from '../../src/domain/transcript';
import { createFetchTranscript } from '../../src/model/fetch-transcript';
import { append, positionOf } from '../../src/model/hashed-transcript';
import { createTestNamespace } from '../support/stack';
import type { holdTranscript } from './transcript-workflow';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-fetch-'));
const artifacts = createLocalArtifactStore({ folder });
const taskQueue = 'holders';
/** The runner's kind of connection. */
let native: NativeConnection;
let client: Client;
let namespace: string;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const test = await createTestNamespace();
  namespace = test.namespace;
  native = await NativeConnection.connect({ address: test.temporalAddress });
  client = new Client({ connection: native, namespace });
});
afterAll(async () => {
  await native.close();
  rmSync(folder, { recursive: true });
});

const holder = () =>
  Worker.create({
    connection: native,
    namespace,
    taskQueue,
    workflowsPath: require.resolve('./transcript-workflow'),
  });

async function hold(workflowId: string, entries: (TranscriptEntry | ArchivedEntry)[]) {
  const position = { length: entries.length, hash: '' };
  const handle = await client.workflow.start<typeof holdTranscript>('holdTranscript', {
    workflowId,
    taskQueue,
    args: [{ entries, position, news: [] }],
  });
  return { workflowId, workflowRunId: handle.firstExecutionRunId, artifacts };
}

const never = new AbortController().signal;
const fetchTranscript = () => createFetchTranscript({ client });

test('a transcript of several pages, partly archived, comes back entry by entry with the same hash', async () => {
  const entries = Array.from(
    { length: 30 },
    (_, index): TranscriptEntry => ({ role: 'notice', text: `${index} ${'x'.repeat(60_000)}` }),
  );
  const archived = await Promise.all(
    entries.slice(0, 6).map(async (entry) => ({ artifact: await artifacts.put(canonicalJson(entry)) })),
  );
  const run = await hold('paged', [...archived, ...entries.slice(6)]);
  await (await holder()).runUntil(async () => {
    const fetched = await fetchTranscript()({ ...run, upTo: 30 }, never);
    expect(positionOf(append([], fetched))).toEqual(positionOf(append([], entries)));
    expect(await fetchTranscript()({ ...run, upTo: 10 }, never)).toEqual(entries.slice(0, 10));
    // No more than there is: the hash then tells that something is missing.
    expect(await fetchTranscript()({ ...run, upTo: 99 }, never)).toHaveLength(30);
  });
});

test('an archived entry with other content is not believed', async () => {
  const artifact = await artifacts.put(canonicalJson({ role: 'notice', text: 'as it was' }));
  const run = await hold('archived', [{ artifact }]);
  const forged = { get: async () => Buffer.from(canonicalJson({ role: 'notice', text: 'as it was not' })) };
  await (await holder()).runUntil(async () => {
    await expect(fetchTranscript()({ ...run, upTo: 1, artifacts: forged }, never)).rejects.toMatchObject({
      code: 'transcript-mismatch',
    });
  });
});

test('a run that does not exist fails by name', async () => {
  await expect(
    fetchTranscript()({ workflowId: 'nobody', workflowRunId: '', upTo: 1, artifacts }, never),
  ).rejects.toMatchObject({ code: 'transcript-unavailable' });
});

describe('while no control worker answers', () => {
  /** Settles when a question met its deadline and was asked again. */
  const askedAgain = async (asked: jest.SpyInstance) => {
    while (asked.mock.calls.length < 2) await new Promise((resolve) => setImmediate(resolve));
  };
  const impatient = () => createFetchTranscript({ client, deadlineMs: 200 });
  let asked: jest.SpyInstance;
  beforeEach(() => {
    asked = jest.spyOn(native, 'withDeadline');
  });
  afterEach(() => asked.mockRestore());

  test('it is asked again, until the turn is cancelled', async () => {
    const run = await hold('unheard', [{ role: 'notice', text: 'here' }]);
    const controller = new AbortController();
    const reason = new Error('the run was stopped');
    const fetched = impatient()({ ...run, upTo: 1 }, controller.signal).catch((error: unknown) => error);
    await askedAgain(asked);
    controller.abort(reason);
    expect(await fetched).toBe(reason);
  });

  test('one that comes back is heard', async () => {
    const run = await hold('late', [{ role: 'notice', text: 'here' }]);
    const fetched = impatient()({ ...run, upTo: 1 }, never);
    await askedAgain(asked);
    await (await holder()).runUntil(async () => {
      expect(await fetched).toEqual([{ role: 'notice', text: 'here' }]);
    });
  });
});
