import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { dataConverterOf } from '../../src/codec/data-converter';
import { addPayloadKey, ensurePayloadKeys, usePayloadKey } from '../../src/codec/payload-keys';
import { type Harness, startHarness } from '../support/run-harness';
import { call, DEPLOY_TOOL } from '../support/scripted-agent';
import { waitUntil } from '../support/wait-until';

// Words that only these tests say, each in another place of a run.
const WORDS = {
  prompt: 'zebraprompt',
  attachment: 'zebraattachment',
  question: 'zebraquestion',
  option: 'zebraoption',
  answer: 'zebraanswer',
  argument: 'zebraargument',
  output: 'zebraoutput',
  secret: 'zebrasecret',
  reason: 'zebrareason',
  said: 'zebrasaid',
  pause: 'zebrapause',
  requester: 'zebrarequester',
};

let gatehouse: Harness;
let plainClient: Client;
let connection: Connection;
beforeAll(async () => {
  gatehouse = await startHarness({ isEncrypted: true });
  connection = await Connection.connect({ address: gatehouse.temporalAddress });
  plainClient = new Client({ connection, namespace: gatehouse.namespace });
});
afterAll(async () => {
  await connection.close();
  await gatehouse.close();
});

/** What the server has of a run: all bytes of its history, base64 undone, and what it lists. */
async function everythingKeptOf(workflowId: string): Promise<string> {
  const handle = plainClient.workflow.getHandle(workflowId);
  const history = await handle.fetchHistory();
  const description = await handle.describe();
  return [textOf(history), textOf(description.raw)].join('\n');
}

function textOf(value: unknown): string {
  const texts: string[] = [];
  JSON.stringify(value, function (this: unknown, _key, each) {
    const bytes = each instanceof Uint8Array ? each : each?.type === 'Buffer' ? each.data : null;
    if (bytes) {
      texts.push(Buffer.from(bytes).toString('utf8'));
      return undefined;
    }
    if (typeof each === 'string') texts.push(each, Buffer.from(each, 'base64').toString('utf8'));
    return each;
  });
  return texts.join('\n');
}

const found = (text: string) => Object.values(WORDS).filter((word) => text.includes(word));

async function aWholeRun() {
  const agent = await gatehouse.agent({ tier: 'PROD_GATED', tools: [DEPLOY_TOOL] }, [
    {
      say: WORDS.said,
      calls: [
        call('read-file', { path: 'main.tf' }),
        call('ask-user', { question: WORDS.question, options: [WORDS.option] }),
      ],
    },
    {
      say: WORDS.said,
      calls: [
        call('deploy', { to: WORDS.argument }),
        call('write-file', { path: 'a.txt', content: WORDS.secret }),
      ],
    },
    { say: WORDS.said, calls: [call('deploy', { to: `${WORDS.argument}-again` })] },
    { say: WORDS.said },
  ]);
  const run = await gatehouse.start({
    agent,
    prompt: `look for ${WORDS.prompt}`,
    attachments: [WORDS.attachment],
    requestedBy: WORDS.requester,
  });
  const { id: questionId } = await run.question();
  await run.handle.signal('pause', { by: 'olga', reason: WORDS.pause });
  await run.reaches('PAUSED');
  await run.handle.signal('resume', { by: 'olga', reason: WORDS.pause });
  await run.reaches('WAITING_INPUT');
  await run.handle.executeUpdate('submitAnswer', {
    args: [{ questionId, answer: WORDS.answer, by: 'alice' }],
  });
  return run;
}

test('of an encrypted run the server has no word that people, model or tools said', async () => {
  const run = await aWholeRun();
  const [approval] = await run.approvals();
  const waiting = await everythingKeptOf(run.handle.workflowId);
  expect(found(waiting)).toEqual([]);
  await run.approveNext();
  await run.denyNext(WORDS.reason);
  expect((await run.outcome()).status).toBe('COMPLETED');
  const kept = await everythingKeptOf(run.handle.workflowId);
  expect(found(kept)).toEqual([]);
  // It was the whole run that was looked at, and what an operator needs is there.
  expect(kept).toContain('executeTool');
  expect(kept).toContain('WAITING_APPROVAL');
  // With the keys, every word is there but those that never were in history.
  const read = await run.history();
  expect(read.length).toBeGreaterThan(40);
  expect(JSON.stringify(await run.transcript())).toContain(WORDS.answer);
  expect(approval!.args).toContain(WORDS.argument);
});

test('queries and current details are readable with the keys alone', async () => {
  const run = await aWholeRun();
  await run.approvals();
  const own = plainClient.workflow.getHandle(run.handle.workflowId);
  for (const query of ['pending', 'status', 'usage', '__temporal_workflow_metadata']) {
    await expect(own.query(query)).rejects.toThrow(/encoding/i);
    expect(await run.handle.query(query)).toEqual(expect.anything());
  }
  const { currentDetails } = await run.handle.query<{ currentDetails: string }>(
    '__temporal_workflow_metadata',
  );
  expect(currentDetails).toContain(WORDS.argument);
  await run.handle.cancel();
  await run.outcome().catch(() => undefined);
});

test('summaries of an encrypted run name tools, ids and turns, and nothing else', async () => {
  const run = await aWholeRun();
  const approval = await run.approveNext();
  await run.denyNext(WORDS.reason);
  await run.outcome();
  const history = await run.handle.fetchHistory();
  const { payloadCodecs } = gatehouse.client.options.loadedDataConverter;
  const summaries = [];
  for (const { userMetadata } of history.events ?? []) {
    if (!userMetadata?.summary) continue;
    const [payload] = await payloadCodecs[0]!.decode([userMetadata.summary]);
    summaries.push(JSON.parse(Buffer.from(payload!.data!).toString()));
  }
  expect(summaries).toEqual(expect.arrayContaining(['turn 1', 'deploy', `approval ${approval.id}: deploy`]));
  for (const summary of summaries.filter((each) => each.startsWith('question')))
    expect(summary).toMatch(/^question que-\w+$/);
  expect(found(summaries.join('\n'))).toEqual([]);
});

test('failures keep their messages and stacks to who has the keys', async () => {
  const agent = `no-${WORDS.argument}`;
  const run = await gatehouse.start({ agent, prompt: WORDS.prompt });
  await expect(run.handle.result()).rejects.toMatchObject({
    cause: { message: expect.stringContaining(`there is no agent \`${agent}\``) },
  });
  const kept = await everythingKeptOf(run.handle.workflowId);
  expect(kept).toContain('Encoded failure');
  expect(kept).toContain('agent-unknown');
  expect(found(kept)).toEqual([]);
  expect(kept).not.toMatch(/\bat \S+ \(/);
});

test('a run goes on through a rotation, and reads both keys’ histories', async () => {
  const run = await aWholeRun();
  await run.approvals();
  const file = join(gatehouse.folder, 'payload-keys.json');
  usePayloadKey(file, addPayloadKey(file));
  for (const plane of ['control', 'runner', 'sandbox'] as const) await gatehouse.restart(plane);
  await run.handle.signal('decide', {
    approvalId: (await pendingWithNewKeys(run.handle.workflowId)).id,
    actionHash: (await pendingWithNewKeys(run.handle.workflowId)).actionHash,
    decision: 'approve',
    by: 'alice',
  });
  await waitUntil(
    async () => (await pendingWithNewKeys(run.handle.workflowId)).args.includes('again'),
    'the next approval',
  );
  await run.handle.cancel();
  await waitUntil(async () => (await run.handle.describe()).status.name !== 'RUNNING', 'the run ends');
});

/** As a command reads the key file now. */
function clientWithKeys(): Client {
  const dataConverter = dataConverterOf(join(gatehouse.folder, 'payload-keys.json'));
  return new Client({ connection, namespace: gatehouse.namespace, dataConverter });
}

async function pendingWithNewKeys(
  workflowId: string,
): Promise<{ id: string; actionHash: string; args: string }> {
  const { approvals } = await clientWithKeys()
    .workflow.getHandle(workflowId)
    .query<{ approvals: { id: string; actionHash: string; args: string }[] }>('pending');
  return approvals[0] ?? { id: '', actionHash: '', args: '' };
}

test('a worker without the key of a run does not touch it, and goes on once it has the key', async () => {
  const agent = await gatehouse.agent({}, [{ say: WORDS.said }]);
  const file = join(gatehouse.folder, 'payload-keys.json');
  const keys = readFileSync(file, 'utf8');
  const other = { current: 'other', keys: [{ id: 'other', key: Buffer.alloc(32, 9).toString('base64url') }] };
  writeFileSync(file, JSON.stringify(other));
  await gatehouse.restart('control');
  const run = await gatehouse.start({ agent, prompt: WORDS.prompt });
  await waitUntil(async () => {
    const { events } = await plainClient.workflow.getHandle(run.handle.workflowId).fetchHistory();
    return (events ?? []).some((event) => event.workflowTaskFailedEventAttributes);
  }, 'the workflow task fails');
  writeFileSync(file, keys);
  await gatehouse.restart('control');
  expect(await clientWithKeys().workflow.getHandle(run.handle.workflowId).result()).toMatchObject({
    status: 'COMPLETED',
  });
});

test('a run that began in clear goes on encrypted, and both parts are read', async () => {
  const older = await startHarness();
  try {
    const agent = await older.agent({}, [
      { calls: [call('ask-user', { question: 'Which?' })] },
      { say: WORDS.said },
    ]);
    const run = await older.start({ agent });
    const { id: questionId } = await run.question();
    const keys = ensurePayloadKeys(join(older.folder, 'payload-keys.json'));
    for (const plane of ['control', 'runner', 'sandbox'] as const)
      await older.restart(plane, { GATEHOUSE_PAYLOAD_KEYS: keys });
    const client = new Client({
      connection,
      namespace: older.namespace,
      dataConverter: dataConverterOf(keys),
    });
    const handle = client.workflow.getHandle(run.handle.workflowId);
    await handle.executeUpdate('submitAnswer', { args: [{ questionId, answer: WORDS.answer, by: 'alice' }] });
    expect(await handle.result()).toMatchObject({ status: 'COMPLETED', text: WORDS.said });
    const kept = textOf(await handle.fetchHistory());
    expect(kept).toContain('Which?');
    expect(found(kept)).toEqual([]);
  } finally {
    await older.close();
  }
});
