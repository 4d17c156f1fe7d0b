import { AuditVerifier } from '../../src/audit/verify-export';
import { loadPublicKey, publicJwk } from '../../src/broker/keys';
import { openCommands } from '../../src/commands/commands';
import { linkHash } from '../../src/store/audit-chain';
import { type Harness, startHarness } from '../support/run-harness';
import { call } from '../support/scripted-agent';
import { waitUntil } from '../support/wait-until';

// A real run: what is recorded of it, and what happens when the database says something else than Temporal.
let gatehouse: Harness;
let opened: Awaited<ReturnType<typeof openCommands>>;
beforeAll(async () => {
  gatehouse = await startHarness();
  const { temporalAddress: temporal, namespace, databaseUrl } = gatehouse;
  opened = await openCommands({ temporal, namespace, databaseUrl, organization: 'local' });
});
afterAll(async () => {
  await opened?.close();
  await gatehouse?.close();
});

async function finishedRun(): Promise<string> {
  const agent = await gatehouse.agent({}, [
    { calls: [call('read-file', { path: 'main.tf' })] },
    { calls: [call('write-file', { path: 'notes.md', content: 'seen' })] },
    {
      calls: [call('write-file', { path: 'more.md', content: 'seen' }), call('git-push', { branch: 'main' })],
    },
    { say: 'written' },
  ]);
  const run = await gatehouse.start({ agent });
  expect(await run.outcome()).toMatchObject({ status: 'COMPLETED' });
  return run.runId;
}

async function problems(ofRun?: string): Promise<string[]> {
  const key = loadPublicKey(`${gatehouse.folder}/keys/audit.public.jwk`);
  const verifier = new AuditVerifier([key]);
  await opened.commands.exportAudit({ keys: [publicJwk(key)], hasHistories: true }, async (text) =>
    verifier.take(text.slice(0, -1)),
  );
  return verifier
    .end()
    .problems.filter(({ run }) => ofRun === undefined || run === ofRun)
    .map(({ run, sequence, problem }) => `${run} ${sequence} ${problem}`);
}

/** Rewrites what a run's chain says, hashes and head included, as a database owner who read our source would. */
async function rewrite(runId: string, edit: (text: string) => string | null): Promise<void> {
  const { client } = gatehouse.database;
  const rows = await client.auditRecord.findMany({ where: { runId }, orderBy: { sequence: 'asc' } });
  let previousHash = '';
  const kept = rows.flatMap((row) => {
    const body = edit(row.body);
    return body === null ? [] : [{ ...row, body }];
  });
  const links = kept.map((row, index) => {
    const sequence = index + 1;
    const { kind, at, body } = row;
    const hash = linkHash(previousHash, {
      runId,
      sequence,
      kind,
      at: at.getTime(),
      body: JSON.parse(body),
    });
    const link = { ...row, sequence, previousHash, hash };
    previousHash = hash;
    return link;
  });
  await client.$transaction([
    client.$executeRawUnsafe('SET LOCAL session_replication_role = replica'),
    client.auditRecord.deleteMany({ where: { runId } }),
    client.auditRecord.createMany({ data: links }),
    client.run.update({ where: { id: runId }, data: { auditLength: links.length, auditHash: previousHash } }),
    // Anchors would tell; here Temporal's history has to.
    client.organizationAuditRecord.deleteMany({ where: { kind: 'anchor' } }),
    client.organization.update({
      where: { id: 'local' },
      data: await headWithoutAnchors(),
    }),
  ]);
}

async function headWithoutAnchors() {
  const last = await gatehouse.database.client.organizationAuditRecord.findFirst({
    where: { organizationId: 'local', kind: { not: 'anchor' } },
    orderBy: { sequence: 'desc' },
  });
  return { auditLength: last?.sequence ?? 0, auditHash: last?.hash ?? '' };
}

test('a run’s decisions, outcomes and end are recorded, anchored, and agree with Temporal', async () => {
  const runId = await finishedRun();
  const { records } = await opened.commands.searchAudit({ runId });
  const told = records.reverse().map(({ kind, body }) => {
    const { callId, outcome } = body as { callId?: string; outcome?: unknown };
    return [kind, callId, kind === 'outcome' ? outcome : undefined].filter(Boolean).join(' ');
  });
  expect(told).toEqual([
    'decision t1c1',
    'outcome t1c1 done',
    'decision t2c1',
    'outcome t2c1 done',
    'decision t3c1',
    'decision t3c2',
    'outcome t3c1 done',
    'decision t3c2',
    'outcome t3c2 refused',
    'finish',
  ]);
  const [wrote] = records.filter(({ body }) => (body as { tool?: string }).tool === 'write-file').slice(-1);
  expect(wrote?.body).toMatchObject({ tree: expect.stringMatching(/^[0-9a-f]{40}$/) });
  expect(await opened.commands.listOpenGrants(runId)).toEqual([]);
  const { records: anchors } = await opened.commands.searchAudit({ kind: 'anchor' });
  expect(anchors[0]?.body).toMatchObject({ heads: [{ runId, length: records.length }] });
  expect(await problems()).toEqual([]);
});

test('a granted call without an outcome is listed, until the outcome is there', async () => {
  const agent = await gatehouse.agent({ tier: 'DRAFT' }, [
    { calls: [call('read-file', { path: 'main.tf' })] },
    { calls: [call('ask-user', { question: 'Go on?' })] },
    { say: 'so be it' },
  ]);
  await gatehouse.stop('runner');
  const run = await gatehouse.start({ agent });
  await gatehouse.restart('runner');
  await run.question();
  expect(await opened.commands.listOpenGrants(run.runId)).toEqual([]);
  await run.answerNext('yes');
  await run.outcome();
  await gatehouse.database.client.$transaction([
    gatehouse.database.client.$executeRawUnsafe('SET LOCAL session_replication_role = replica'),
    gatehouse.database.client.auditRecord.deleteMany({ where: { runId: run.runId, key: 'outcome:t1c1' } }),
  ]);
  expect(await opened.commands.listOpenGrants()).toEqual([
    {
      runId: run.runId,
      callId: 't1c1',
      tool: 'read-file',
      grantedAt: expect.any(Number),
      hasRunEnded: true,
    },
  ]);
  await rewrite(run.runId, (body) => body);
});

test('an executed grant whose decision is no longer recorded is found in Temporal’s history', async () => {
  const runId = await finishedRun();
  await rewrite(runId, (body) => (/"callId":"t2c1".*"verdict"/.test(body) ? null : body));
  expect(await problems(runId)).toEqual([
    `${runId} null Temporal's history decides \`allow\` on call \`t2c1\`, and no record does`,
    expect.stringMatching(
      /null grant `[\w-]+` in Temporal's history lets `write-file` run as call `t2c1`, and no record grants that$/,
    ),
  ]);
});

test('a decision with another verdict than Temporal’s is found', async () => {
  const runId = await finishedRun();
  await rewrite(runId, (body) =>
    /"callId":"t3c2"/.test(body) ? body.replace('"verdict":"deny"', '"verdict":"allow"') : body,
  );
  expect(await problems(runId)).toContain(
    `${runId} null Temporal's history decides \`deny\` on call \`t3c2\`, and the records say \`allow\`, \`allow\``,
  );
});

test('an open run is anchored while it waits, by a control worker that was started again too', async () => {
  const agent = await gatehouse.agent({}, [
    { calls: [call('ask-user', { question: 'Go on?' })] },
    { say: 'so be it' },
  ]);
  const run = await gatehouse.start({ agent });
  await run.question();
  await gatehouse.restart('control');
  await waitUntil(async () => {
    const { records } = await opened.commands.searchAudit({ kind: 'anchor' });
    return JSON.stringify(records).includes(run.runId);
  }, 'the open run is anchored');
  await run.answerNext('yes');
  await run.outcome();
});
