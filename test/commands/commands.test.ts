import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection, WorkflowClient } from '@temporalio/client';
import { openCommands, type StackAddress } from '../../src/commands/commands';
import { parseAgent } from '../../src/policy/agent-file';
import { openDatabase } from '../../src/store/database';
import { migrate } from '../../src/store/migrate';
import { createOrganizationStore } from '../../src/store/organization-store';
import { gitIn, initRepository } from '../support/git-repository';
import { createTestDatabase, createTestNamespace, type TestDatabase } from '../support/stack';

// Servers but no worker: what a command does by itself, and what it says when nobody answers.
let database: TestDatabase;
let address: StackAddress;
let opened: Awaited<ReturnType<typeof openCommands>>;

beforeAll(async () => {
  const { temporalAddress: temporal, namespace } = await createTestNamespace();
  database = await createTestDatabase();
  address = { temporal, namespace, databaseUrl: database.url, organization: 'local' };
  await migrate(database.url);
  const store = openDatabase(database.url);
  await createOrganizationStore(store).ensureLocal();
  await store.close();
  opened = await openCommands(address);
  await opened.commands.applyAgent(agentNamed('reader', 'OBSERVE'), 'olga');
});

afterAll(async () => {
  await opened?.close();
  await database?.drop();
});

const asked = { agent: 'reader', prompt: 'look around', requestedBy: 'tester' };

test('a started run can be found by what an operator knows of it', async () => {
  const { runId, workflowId, isNew } = await opened.commands.startRun(asked);
  expect({ workflowId, isNew }).toEqual({ workflowId: `run-${runId}`, isNew: true });
  const description = await onWorkflow(workflowId, (handle) => handle.describe());
  expect(description).toMatchObject({
    type: 'agentRun',
    taskQueue: 'gatehouse-control',
    searchAttributes: {
      GatehouseOrganization: ['local'],
      GatehouseAgent: ['reader'],
      GatehouseStatus: ['QUEUED'],
      GatehouseTier: ['OBSERVE'],
    },
    memo: { requestedBy: 'tester' },
  });
  expect(await description.staticSummary()).toBe('reader: look around');
  const { events } = await onWorkflow(workflowId, (handle) => handle.fetchHistory());
  const started = events?.[0]?.workflowExecutionStartedEventAttributes;
  expect(Number(started?.workflowTaskTimeout?.seconds)).toBe(3);
});

test('the same key is the same run; with another input it is refused', async () => {
  const first = await opened.commands.startRun({ ...asked, idempotencyKey: 'k' });
  const second = await opened.commands.startRun({ ...asked, idempotencyKey: 'k' });
  expect(second).toEqual({ ...first, isNew: false });
  await expect(
    opened.commands.startRun({ ...asked, prompt: 'other', idempotencyKey: 'k' }),
  ).rejects.toMatchObject({
    code: 'idempotency-key-reused',
  });
});

test('an input that Temporal would end the run for is refused', async () => {
  await expect(opened.commands.startRun({ ...asked, prompt: 'x'.repeat(1_000_001) })).rejects.toMatchObject({
    code: 'input-too-large',
  });
});

test('a repository without a commit, a damaged one, or one named relative to nothing, is refused before a run starts', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-commands-'));
  initRepository(join(folder, 'full'), { a: 'a' });
  mkdirSync(join(folder, 'empty'));
  gitIn(join(folder, 'empty'), 'init', '--quiet');
  const start = (repo: string) => opened.commands.startRun({ ...asked, repo });
  expect((await start(join(folder, 'full'))).runId).toMatch(/^[2-9a-z]{12}$/);
  await expect(start(join(folder, 'empty'))).rejects.toMatchObject({
    code: 'repository-unavailable',
    message: expect.stringContaining('has no commit yet'),
  });
  initRepository(join(folder, 'damaged'), { a: 'a' });
  rmSync(join(folder, 'damaged/.git/objects'), { recursive: true });
  mkdirSync(join(folder, 'damaged/.git/objects'));
  await expect(start(join(folder, 'damaged'))).rejects.toMatchObject({
    code: 'repository-unavailable',
    message: expect.stringContaining('is damaged'),
  });
  await expect(start('full')).rejects.toMatchObject({
    code: 'repository-unavailable',
    message: expect.stringContaining('neither an absolute path nor a URL'),
  });
  rmSync(folder, { recursive: true });
});

test('a run that no worker took yet is shown as queued, and as not current', async () => {
  const { runId } = await opened.commands.startRun(asked);
  expect(await opened.commands.showRun(runId)).toMatchObject({
    runId,
    agent: 'reader',
    status: 'QUEUED',
    isCurrent: false,
    events: [],
  });
}, 20_000);

test('a run that a plain Temporal client started is found at once, by its organization alone', async () => {
  const start = async (runId: string, input: object) => {
    const connection = await Connection.connect({ address: address.temporal });
    await new WorkflowClient({ connection, namespace: address.namespace }).start('agentRun', {
      workflowId: `run-${runId}`,
      taskQueue: 'gatehouse-control',
      args: [{ runId, ...asked, ...input }],
      // Says whatever its starter likes.
      searchAttributes: { GatehouseOrganization: ['local'] },
    });
    await connection.close();
  };
  await start('plain', { organizationId: 'local' });
  await start('foreign', { organizationId: 'acme' });
  await start('nobodys', {});
  const { showRun, stopRun } = opened.commands;
  expect(await showRun('plain')).toMatchObject({
    ...{ runId: 'plain', agent: 'reader', status: 'QUEUED', isCurrent: false },
    input: { prompt: 'look around', requestedBy: 'tester' },
  });
  for (const runId of ['foreign', 'nobodys']) {
    await expect(showRun(runId)).rejects.toMatchObject({ code: 'run-unknown' });
    await expect(stopRun({ runId, by: 'tester' })).rejects.toMatchObject({ code: 'run-unknown' });
  }
  await stopRun({ runId: 'plain', by: 'tester' });
}, 20_000);

test('a run that was terminated by hand ends its watching, and cannot be stopped', async () => {
  const { runId, workflowId } = await opened.commands.startRun(asked);
  await onWorkflow(workflowId, (handle) => handle.terminate('by hand'));
  const { value } = await opened.commands.watchRun({ runId }).next();
  expect(value).toMatchObject({ status: 'FAILED' });
  await expect(opened.commands.stopRun({ runId, by: 'tester' })).rejects.toMatchObject({
    code: 'run-ended',
    message: `run \`${runId}\` has ended already: FAILED`,
  });
});

test('a workflow that is no run of the organization is unknown', async () => {
  const connection = await Connection.connect({ address: address.temporal });
  const client = new WorkflowClient({ connection, namespace: address.namespace });
  await client.start('somethingElse', { taskQueue: 'other', workflowId: 'run-stranger' });
  await expect(opened.commands.stopRun({ runId: 'stranger', by: 'tester' })).rejects.toMatchObject({
    code: 'run-unknown',
  });
  await connection.close();
});

test('an agent is a new version only where it differs', async () => {
  const { commands } = opened;
  expect(await commands.applyAgent(agentNamed('other', 'OBSERVE'), 'olga')).toMatchObject({
    version: 1,
    isChanged: true,
  });
  expect(await commands.applyAgent(agentNamed('other', 'OBSERVE'), 'olga')).toMatchObject({
    version: 1,
    isChanged: false,
  });
  expect(await commands.applyAgent(agentNamed('other', 'DRAFT'), 'olga')).toMatchObject({
    version: 2,
    isChanged: true,
  });
});

test('a Temporal that is not there is told within six seconds', async () => {
  const startedAt = Date.now();
  await expect(openCommands({ ...address, temporal: '127.0.0.1:1' })).rejects.toMatchObject({
    code: 'temporal-unreachable',
  });
  expect(Date.now() - startedAt).toBeLessThan(6_000);
});

function agentNamed(name: string, tier: string) {
  return parseAgent(`name: ${name}\ntier: ${tier}\nmodel: anthropic:none\n`, {
    file: 'test.yaml',
    readTools: () => [],
  });
}

async function onWorkflow<T>(
  workflowId: string,
  work: (handle: ReturnType<WorkflowClient['getHandle']>) => Promise<T>,
): Promise<T> {
  const connection = await Connection.connect({ address: address.temporal });
  try {
    return await work(new WorkflowClient({ connection, namespace: address.namespace }).getHandle(workflowId));
  } finally {
    await connection.close();
  }
}
