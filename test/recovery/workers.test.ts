import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalArtifactStore } from '../../src/artifacts/local-artifact-store';
import { createAddWebhook, createRemoveWebhook } from '../../src/commands/webhooks';
import { type Gatehouse, startGatehouse } from '../../src/embedded/gatehouse';
import { createAddressGuard } from '../../src/notifications/address-guard';
import { openDatabase } from '../../src/store/database';
import { createWebhookStore } from '../../src/store/webhook-store';
import { initRepository } from '../support/git-repository';
import { startReceiver } from '../support/receiver';
import { call } from '../support/scripted-agent';
import { scheduled, type TestRun } from '../support/test-run';
import { waitUntil } from '../support/wait-until';
import { processesOf, type Reached, reach } from './reach';

jest.setTimeout(120_000);

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-recovery-'));
const dataDir = join(folder, 'data');
const repo = join(folder, 'repository');
let gatehouse: Gatehouse;
let reached: Reached;
const warnings: string[] = [];
let receiver: Awaited<ReturnType<typeof startReceiver>>;
beforeAll(async () => {
  receiver = await startReceiver();
  initRepository(repo, { 'main.tf': 'resource "aws_s3_bucket" "logs" {}\n' });
  gatehouse = await startGatehouse({
    dataDir,
    environment: process.env,
    modelKeys: {},
    progress: () => undefined,
    warn: (line) => warnings.push(line),
    log: 'error',
    privateWebhooks: receiver.host,
  });
  reached = await reach(gatehouse.addresses, { dataDir, repo });
});
afterAll(async () => {
  await reached?.close();
  await gatehouse?.stop();
  await receiver?.close();
  rmSync(folder, { recursive: true, force: true });
});

type Plane = 'control' | 'runner' | 'sandbox';

async function send(signal: NodeJS.Signals, ...planes: Plane[]): Promise<void> {
  const processes = await processesOf(dataDir);
  for (const plane of planes) process.kill(processes.get(`gatehouse-${plane}`)!, signal);
}

/** Appends a line, takes some seconds, then says so. */
const slowEffect = call('run-command', { command: 'echo once >> effects.txt; sleep 2; echo finished' });
const effects = { calls: [call('read-file', { path: 'effects.txt' })] };
/** Tells what came of the effect and how often it happened. */
const telling = [
  { calls: [slowEffect] },
  { capture: { outcome: { from: 1, pattern: '([^]*)' } }, ...effects },
  { capture: { effects: { from: 1, pattern: '([^]*)' } }, say: '{{effects}}|{{outcome}}' },
];

async function effectStarted(run: TestRun): Promise<void> {
  await run.pendingActivity('executeTool');
  await waitUntil(async () => {
    const { raw } = await run.handle.describe();
    // Heartbeats come once it runs.
    return (raw.pendingActivities ?? []).some(({ lastHeartbeatTime }) => lastHeartbeatTime);
  }, 'the tool runs');
}

test.each<[Plane, RegExp]>([
  ['control', /^once\n\|.*finished/s],
  ['runner', /^once\n\|.*finished/s],
  // What it left behind is looked at and not done again.
  ['sandbox', /^once\n\|it started and was broken off/s],
])('a %s worker killed while a tool runs: the run completes, and nothing happened twice', async (plane, text) => {
  const agent = await reached.agent({ tier: 'SANDBOX' }, telling);
  const run = await reached.start(agent);
  await effectStarted(run);
  await send('SIGKILL', plane);
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: expect.stringMatching(text) });
  expect(scheduled(await run.history(), 'executeTool').length).toBeGreaterThanOrEqual(1);
});

test('a control worker killed in the middle of a put costs the run neither what was put nor the call', async () => {
  const agent = await reached.agent({ tier: 'SANDBOX' }, [
    { calls: [call('run-command', { command: 'seq 1 90000; sleep 1; echo over > ended.txt' })] },
    { expect: { kind: 'done', contains: '90000' }, say: 'counted' },
  ]);
  const run = await reached.start(agent);
  await effectStarted(run);
  // It takes the connection and answers nothing: the put is on its way when it dies.
  await send('SIGSTOP', 'control');
  const ended = join(dataDir, 'workspaces', run.runId, 'repo', 'ended.txt');
  await waitUntil(() => existsSync(ended), 'the command has ended');
  await send('SIGKILL', 'control');
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'counted' });
  const [outcome] = await run.outcomes();
  const artifacts = createLocalArtifactStore({ folder: gatehouse.addresses.artifacts });
  const kept = Buffer.from(await artifacts.get((outcome as { artifact: string }).artifact)).toString();
  expect(kept.trimEnd().split('\n')).toHaveLength(90_000);
  expect(scheduled(await run.history(), 'executeTool')).toHaveLength(1);
});

test('a runner killed while the model thinks: the turn is taken again by another with the whole transcript', async () => {
  const agent = await reached.agent({}, [
    { calls: [call('read-file', { path: 'main.tf' })] },
    { expect: { contains: 'aws_s3_bucket' }, takesMs: 1_500, say: 'read' },
  ]);
  const run = await reached.start(agent);
  await run.turns(1);
  await run.pendingActivity('takeTurn');
  await send('SIGKILL', 'runner');
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'read' });
});

test('all workers killed while people are waited for: the decision counts when they are back', async () => {
  const agent = await reached.agent({}, [
    { calls: [call('write-file', { path: '.env', content: 'A=1' })] },
    { expect: { kind: 'done' }, say: 'written' },
  ]);
  const run = await reached.start(agent);
  const [approval] = await run.approvals();
  await send('SIGKILL', 'control', 'runner', 'sandbox');
  await run.handle.signal('decide', {
    approvalId: approval!.id,
    actionHash: approval!.actionHash,
    decision: 'approve',
    by: 'alice',
  });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'written' });
});

test('a tool asked for again gives its recorded result: it ran once', async () => {
  const agent = await reached.agent({ tier: 'SANDBOX' }, telling);
  const run = await reached.start(agent);
  await effectStarted(run);
  // The worker stands still past its heartbeats while the tool goes on.
  await send('SIGSTOP', 'sandbox');
  try {
    await waitUntil(
      async () => scheduled(await run.history(), 'executeTool').length > 1,
      'the run asks for it again',
    );
  } finally {
    await send('SIGCONT', 'sandbox');
  }
  expect(await run.outcome()).toEqual({
    status: 'COMPLETED',
    text: expect.stringMatching(/^once\n\|.*finished/s),
  });
});

test('a control worker killed while a program asks: the answer reaches the program all the same', async () => {
  const agent = await reached.agent({ tier: 'SANDBOX' }, [
    { calls: [call('run-command', { command: 'ask-user Which?' })] },
    { capture: { answer: { from: 1, pattern: '([^]*)' } }, say: '{{answer}}' },
  ]);
  const run = await reached.start(agent);
  await run.question();
  await send('SIGKILL', 'control');
  await run.answerNext('this one');
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: expect.stringContaining('this one') });
  expect((await run.events()).filter(({ type }) => type === 'question')).toHaveLength(1);
});

test('a sandbox worker killed while a program asks: the call is unknown, and its question is withdrawn', async () => {
  const agent = await reached.agent({ tier: 'SANDBOX' }, [
    { calls: [call('run-command', { command: 'ask-user Which?' })] },
    { capture: { outcome: { from: 1, pattern: '([^]*)' } }, say: '{{outcome}}' },
  ]);
  const run = await reached.start(agent);
  const { id } = await run.question();
  await send('SIGKILL', 'sandbox');
  expect(await run.outcome()).toEqual({
    status: 'COMPLETED',
    text: expect.stringContaining('it started and was broken off'),
  });
  const answers = (await run.events()).flatMap((event) => (event.type === 'answer' ? event.data : []));
  expect(answers).toEqual([{ questionId: id, by: null, outcome: 'withdrawn' }]);
});

test('a control worker killed while a notification waits for its next try: it arrives, as the same one', async () => {
  const database = openDatabase(gatehouse.addresses.databaseUrl, { poolSize: 1 });
  const webhooks = createWebhookStore(database);
  const webhookGuard = createAddressGuard([receiver.host]);
  const dependencies = { organizationId: 'local', webhooks, webhookGuard };
  const { url } = receiver;
  const { webhook } = await createAddWebhook(dependencies)({ url, events: ['run-ended'], by: 'olga' });
  receiver.willAnswer({ status: 503 });
  const run = await reached.start(await reached.agent({}, [{ say: 'done' }]));
  await run.outcome();
  await waitUntil(async () => {
    const [delivery] = await webhooks.listDeliveries('local', { webhookId: webhook.id, limit: 1 });
    return delivery?.attempts === 1;
  }, 'the first try failed');
  await send('SIGKILL', 'control');
  const [first, second] = await receiver.gets(2, 90_000);
  expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
  expect(second?.body).toBe(first?.body);
  await createRemoveWebhook(dependencies)(webhook.id, 'olga');
  await database.close();
});

test('each worker that died was started again, and nothing else', () => {
  const back = warnings.filter((line) => line.endsWith('is back')).sort();
  expect([...new Set(back)]).toEqual([
    '`gatehouse-control` is back',
    '`gatehouse-runner` is back',
    '`gatehouse-sandbox` is back',
  ]);
});
