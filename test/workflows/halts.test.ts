import { openCommands } from '../../src/commands/commands';
import { createHaltStore } from '../../src/store/halt-store';
import { type Harness, startHarness } from '../support/run-harness';
import { call, DEPLOY_TOOL } from '../support/scripted-agent';
import { decisionOn, scheduled } from '../support/test-run';
import { waitUntil } from '../support/wait-until';

/** Long enough to be paused in, short enough to be waited for. */
const WAIT_MS = 4_000;

let gatehouse: Harness;
let opened: Awaited<ReturnType<typeof openCommands>>;
const production = { tier: 'PROD_GATED', tools: [DEPLOY_TOOL] };
const deploy = { calls: [call('deploy', { to: 'production' })] };
const ask = { calls: [call('ask-user', { question: 'Go on?' })] };
const asked = { by: 'olga', reason: 'an incident' };
const over = { by: 'olga', reason: 'it is over' };

beforeAll(async () => {
  gatehouse = await startHarness({ waitForPeopleMs: WAIT_MS });
  opened = await openCommands({
    temporal: gatehouse.temporalAddress,
    namespace: gatehouse.namespace,
    databaseUrl: gatehouse.databaseUrl,
    organization: 'local',
  });
});
afterEach(async () => {
  await opened.commands.haltOrganization({ halt: 'none', by: 'olga', reason: '' });
});
afterAll(async () => {
  await opened.close();
  await gatehouse.close();
});

test('an approval does not expire while the organization is paused, and has the rest of its time afterwards', async () => {
  const agent = await gatehouse.agent(production, [deploy, { say: 'done' }]);
  const run = await gatehouse.start({ agent });
  const [approval] = await run.approvals();
  expect(await opened.commands.haltOrganization({ halt: 'paused', ...asked })).toMatchObject({
    isChanged: true,
    runsTold: 1,
  });
  await run.reaches('PAUSED');
  expect(await run.status()).toMatchObject({ text: 'an incident' });
  const pausedAt = Date.now();
  await waitUntil(() => Date.now() - pausedAt > WAIT_MS, 'the wait would be over', WAIT_MS + 1_000);
  expect((await run.pending()).approvals).toHaveLength(1);
  await opened.commands.haltOrganization({ halt: 'none', ...over });
  await run.reaches('WAITING_APPROVAL');
  expect(await run.decide(decisionOn(approval!, 'approve', { by: 'alice' }))).toMatchObject({
    accepted: true,
  });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'done' });
  const statuses = (await run.events()).flatMap(({ type, data }) => (type === 'status' ? [data] : []));
  expect(statuses).toEqual([
    { status: 'PAUSED', text: 'the organization is paused by olga: an incident' },
    { status: 'WAITING_APPROVAL', text: 'resumed by olga: it is over' },
    { status: 'COMPLETED', text: 'done' },
  ]);
}, 30_000);

test('a run that no signal of the pause reached does not let its approval expire either', async () => {
  const agent = await gatehouse.agent(production, [deploy, { say: 'done' }]);
  const run = await gatehouse.start({ agent });
  const [approval] = await run.approvals();
  await createHaltStore(gatehouse.database).setAgent('local', agent, { halt: 'paused', ...asked });
  await run.reaches('PAUSED');
  expect((await run.pending()).approvals).toEqual([approval]);
  await opened.commands.haltAgent({ agent, halt: 'none', ...over });
  await run.reaches('WAITING_APPROVAL');
  await run.approveNext();
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'done' });
}, 30_000);

test('a pause of one agent holds its runs and nobody else’s', async () => {
  const [one, other] = [
    await gatehouse.agent({}, [ask, { say: 'one' }]),
    await gatehouse.agent({}, [ask, { say: 'other' }]),
  ];
  const [held, free] = [await gatehouse.start({ agent: one }), await gatehouse.start({ agent: other })];
  await Promise.all([held.question(), free.question()]);
  await opened.commands.haltAgent({ agent: one, halt: 'paused', ...asked });
  await held.reaches('PAUSED');
  await free.answerNext('yes');
  expect(await free.outcome()).toMatchObject({ status: 'COMPLETED' });
  await held.answerNext('yes');
  expect(await held.status()).toMatchObject({ status: 'PAUSED' });
  await opened.commands.haltAgent({ agent: one, halt: 'none', ...over });
  expect(await held.outcome()).toEqual({ status: 'COMPLETED', text: 'one' });
});

test('a run started while its agent is paused is queued as PAUSED, and begins with the resume', async () => {
  const agent = await gatehouse.agent({}, [{ say: 'done' }]);
  await opened.commands.haltAgent({ agent, halt: 'paused', ...asked });
  const started = await opened.commands.startRun({ agent, prompt: 'look', requestedBy: 'rita' });
  expect(started.isPaused).toBe(true);
  const { commands } = opened;
  await waitUntil(async () => (await commands.showRun(started.runId)).status === 'PAUSED', 'it is paused');
  expect((await commands.showRun(started.runId)).usage).toMatchObject({ turns: 0 });
  await commands.haltAgent({ agent, halt: 'none', ...over });
  await waitUntil(async () => (await commands.showRun(started.runId)).status === 'COMPLETED', 'it ran');
});

test('a stop of the organization ends open runs with who and why, and refuses new ones until it is resumed', async () => {
  const agent = await gatehouse.agent(production, [deploy, { say: 'never' }]);
  const run = await gatehouse.start({ agent });
  await run.approvals();
  await opened.commands.haltOrganization({ halt: 'stopped', ...asked });
  expect(await run.outcome()).toEqual({
    status: 'CANCELLED',
    text: 'the organization is stopped by olga: an incident',
  });
  const request = { agent, prompt: 'look', requestedBy: 'rita' };
  await expect(opened.commands.startRun(request)).rejects.toMatchObject({
    code: 'halted',
    message: expect.stringContaining('`gatehouse resume --all` lets runs start again'),
  });
  // Past the command, by Temporal itself.
  const direct = await gatehouse.start({ agent });
  expect(await direct.outcome()).toMatchObject({
    text: 'no run may start: the organization is stopped by olga: an incident',
  });
  await opened.commands.haltOrganization({ halt: 'none', ...over });
  const { runId } = await opened.commands.startRun(request);
  await opened.commands.stopRun({ runId, ...asked });
});

test('a resume by a signal alone lets nothing go on that the database holds', async () => {
  const agent = await gatehouse.agent({}, [
    ask,
    { calls: [call('read-file', { path: 'main.tf' })] },
    { say: 'done' },
  ]);
  const run = await gatehouse.start({ agent });
  await run.question();
  await opened.commands.pauseRun({ runId: run.runId, ...asked });
  await run.reaches('PAUSED');
  await run.handle.signal('resume', { by: 'mallory', reason: 'go' });
  await run.signalsSeen(2);
  expect(await run.status()).toMatchObject({ status: 'PAUSED' });
  await run.answerNext('yes');
  await opened.commands.resumeRun({ runId: run.runId, ...over });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'done' });
});

describe('a run that is stopped while a tool runs', () => {
  const sleepFor = (seconds: number) => ({
    calls: [call('run-command', { command: `touch began && sleep ${seconds}` })],
  });

  test('records what became of the call, and who stopped it', async () => {
    const agent = await gatehouse.agent({ tier: 'SANDBOX' }, [sleepFor(600), { say: 'never' }]);
    const run = await gatehouse.start({ agent });
    await run.pendingActivity('executeTool');
    await opened.commands.stopRun({ runId: run.runId, ...asked });
    expect(await run.outcome()).toEqual({ status: 'CANCELLED', text: 'stopped by olga: an incident' });
    expect(await callsOf(run)).toEqual([{ tool: 'run-command', outcome: 'unknown' }]);
  });

  test('ends though its sandbox worker is gone', async () => {
    const agent = await gatehouse.agent({ tier: 'SANDBOX' }, [sleepFor(600), { say: 'never' }]);
    const run = await gatehouse.start({ agent });
    await waitUntil(
      async () => scheduled(await run.history(), 'executeTool').length > 0,
      'a tool is asked for',
    );
    const stopping = gatehouse.stop('sandbox');
    await opened.commands.stopRun({ runId: run.runId, ...asked });
    expect(await run.outcome()).toMatchObject({ status: 'CANCELLED' });
    expect((await callsOf(run)).length).toBeGreaterThan(0);
    await stopping;
    await gatehouse.restart('sandbox');
  }, 60_000);

  test('while a pause lets it finish', async () => {
    const agent = await gatehouse.agent({ tier: 'SANDBOX' }, [sleepFor(1), { say: 'done' }]);
    const run = await gatehouse.start({ agent });
    await run.pendingActivity('executeTool');
    await opened.commands.pauseRun({ runId: run.runId, ...asked });
    const isAtWork = async () => ((await run.handle.describe()).raw.pendingActivities ?? []).length > 0;
    await waitUntil(async () => !(await isAtWork()), 'the tool has ended');
    expect(await run.status()).toMatchObject({ status: 'PAUSED', turn: 1 });
    await opened.commands.resumeRun({ runId: run.runId, ...over });
    expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'done' });
    expect(await run.outcomes()).toMatchObject([{ kind: 'done' }]);
  });
});

test('halts are in the audit chains, with who and why', async () => {
  const agent = await gatehouse.agent({}, [ask, { say: 'done' }]);
  await opened.commands.haltAgent({ agent, halt: 'stopped', ...asked });
  await opened.commands.haltAgent({ agent, halt: 'none', ...over });
  const rows = await gatehouse.database.client.organizationAuditRecord.findMany({
    where: { kind: 'agent-halt' },
    orderBy: { sequence: 'desc' },
    take: 2,
  });
  expect(rows.map(({ body }) => JSON.parse(body))).toEqual([
    { agent, halt: 'none', ...over },
    { agent, halt: 'stopped', ...asked },
  ]);
  await expect(
    opened.commands.haltAgent({ agent: 'nobody', halt: 'paused', ...asked }),
  ).rejects.toMatchObject({ code: 'agent-unknown' });
  await expect(
    opened.commands.haltOrganization({ halt: 'stopped', by: 'olga', reason: ' ' }),
  ).rejects.toMatchObject({ code: 'halt-reason-missing' });
});

async function callsOf(run: Awaited<ReturnType<Harness['start']>>) {
  return (await run.events()).flatMap(({ type, data }) =>
    type === 'call' ? [{ tool: data.tool, outcome: data.outcome }] : [],
  );
}
