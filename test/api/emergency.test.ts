import { DEFAULT_PEOPLE_SETTINGS } from '../../src/domain/people-settings';
import type { Scope } from '../../src/domain/scopes';
import { type Received, startReceiver } from '../support/receiver';
import { type Harness, startHarness } from '../support/run-harness';
import { call, DEPLOY_TOOL } from '../support/scripted-agent';
import { type ApiFixture, openApiFixture } from './fixture';

let gatehouse: Harness;
let http: ApiFixture;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
let agent: string;
const deploy = { calls: [call('deploy', { to: 'production' })] };
const keyOf = (person: string, ...scopes: Scope[]) => http.keyOf({ person, scopes, roles: ['approver'] });

beforeAll(async () => {
  receiver = await startReceiver();
  gatehouse = await startHarness();
  await gatehouse.restart('control', { GATEHOUSE_PRIVATE_WEBHOOKS: receiver.host });
  http = await openApiFixture(gatehouse, { environment: { GATEHOUSE_PRIVATE_WEBHOOKS: receiver.host } });
  agent = await gatehouse.agent({ tier: 'PROD_GATED', tools: [DEPLOY_TOOL] }, [
    deploy,
    deploy,
    { say: 'done' },
  ]);
});
afterAll(async () => {
  await http.close();
  await gatehouse.close();
  await receiver.close();
});

test('an agent is stopped for good, refuses new runs with the reason, and is let go on', async () => {
  const run = await gatehouse.start({ agent });
  await run.approvals();
  const asked = `/v1/agents/${agent}/stop`;
  expect(await http.json(asked, 422, { body: {} })).toMatchObject({ code: 'halt-reason-missing' });
  const body = { reason: 'odd deploys tonight' };
  expect(await http.json(asked, 200, { body })).toEqual({
    agent,
    halt: 'stopped',
    isChanged: true,
    runsTold: 1,
  });
  expect(await run.outcome()).toMatchObject({ status: 'CANCELLED' });
  expect(await http.json('/v1/runs', 409, { body: { agent, prompt: 'Again.' } })).toMatchObject({
    code: 'halted',
    detail: expect.stringContaining('the agent is stopped by ada: odd deploys tonight'),
  });
  expect(await http.json('/v1/halts', 200)).toEqual({
    organization: null,
    agents: [{ agent, halt: 'stopped', scope: 'agent', by: 'ada', ...body, since: expect.any(Number) }],
  });
  expect(await http.json(`/v1/agents/${agent}/resume`, 200, { body: {} })).toMatchObject({ halt: 'none' });
  expect(await http.json('/v1/halts', 200)).toEqual({ organization: null, agents: [] });
});

test('the organization is paused and goes on, once each, whoever asks again', async () => {
  const run = await gatehouse.start({ agent });
  await run.approvals();
  const pause = () => http.json('/v1/organization/pause', 200, { body: { reason: 'a change freeze' } });
  expect(await pause()).toMatchObject({ halt: 'paused', isChanged: true, runsTold: 1 });
  await run.reaches('PAUSED');
  expect(await pause()).toMatchObject({ isChanged: false });
  await http.json('/v1/organization/resume', 200, { body: {} });
  await run.reaches('WAITING_APPROVAL');
  await run.denyNext('enough');
  await run.denyNext('enough');
});

test('a break-glass is asked for by one person, confirmed by another, and ended', async () => {
  await gatehouse.organizations.setPeople('local', DEFAULT_PEOPLE_SETTINGS, 'ada');
  const [alice, olga] = [await keyOf('alice', 'approvals:decide'), await keyOf('olga', 'halt:write')];
  const both = await keyOf('alice', 'approvals:decide', 'halt:write');
  await http.json('/v1/people/alice', 200, { method: 'PUT', body: { roles: ['admin'] } });
  await http.json('/v1/people/olga', 200, { method: 'PUT', body: { roles: ['operator'] } });
  const body = { reason: 'the shop is down', scope: { kind: 'agent', agent }, durationMs: 60_000 };
  const requested = await http.json('/v1/break-glass', 201, { body, key: alice });
  expect(requested).toMatchObject({ ...body, person: 'alice', status: 'requested', expiresAt: null });
  const say = (what: string, status: number, key: string) =>
    http.json(`/v1/break-glass/${requested.id}/${what}`, status, { method: 'POST', key });
  expect(await say('confirm', 403, alice)).toMatchObject({ code: 'scope-missing' });
  expect(await say('confirm', 409, both)).toMatchObject({
    detail: 'a second person confirms a break-glass: who asked for it cannot',
  });
  expect(await say('confirm', 200, olga)).toMatchObject({
    status: 'active',
    confirmedBy: 'olga',
    expiresAt: expect.any(Number),
  });
  expect(await say('end', 200, olga)).toMatchObject({ status: 'ended', endedBy: 'olga', remainingMs: 0 });
  expect(await say('confirm', 409, olga)).toMatchObject({ code: 'break-glass-over' });
  expect((await http.json('/v1/break-glass', 200)).breakGlass).toMatchObject([{ id: requested.id }]);
  const tooLong = { ...body, durationMs: 5 * 60 * 60_000 };
  expect(await http.json('/v1/break-glass', 400, { body: tooLong, key: alice })).toMatchObject({
    code: 'request-malformed',
  });
});

test('what is approved for the rest of a run is listed until it is revoked', async () => {
  const cleaner = await gatehouse.agent({ tier: 'SANDBOX' }, [
    { calls: [call('run-command', { command: 'rm -rf build' })] },
    { calls: [call('ask-user', { question: 'Go on?' })] },
    { calls: [call('run-command', { command: 'rm -rf build' })] },
    { say: 'done' },
  ]);
  const run = await gatehouse.start({ agent: cleaner });
  const { id, actionHash } = (await run.approvals())[0]!;
  await http.json(`/v1/approvals/${id}/decisions`, 200, {
    body: { decision: 'approve', actionHash, scope: 'run' },
  });
  await run.question();
  const inForce = async () => (await http.json('/v1/standing-approvals', 200)).standing;
  expect(await inForce()).toMatchObject([
    { approvalId: id, runId: run.runId, tool: 'run-command', by: ['ada'], revokedAt: null },
  ]);
  await http.json(`/v1/approvals/${id}/standing`, 200, { method: 'DELETE' });
  expect(await inForce()).toEqual([]);
  await run.answerNext('yes');
  await run.denyNext('not again');
  expect(await run.outcome()).toMatchObject({ status: 'COMPLETED' });
});

test('a webhook is added, tested, told of what was chosen, looked up and removed', async () => {
  const added = await http.json('/v1/webhooks', 201, { body: { url: receiver.url, events: ['approval'] } });
  const { id } = added.webhook;
  expect(added).toEqual({
    webhook: expect.objectContaining({
      url: `http://${receiver.host}/…`,
      events: ['approval'],
      kind: 'webhook',
    }),
    secret: expect.stringMatching(/^whsec_/),
  });
  expect((await http.json('/v1/webhooks', 200)).webhooks).toEqual([added.webhook]);
  expect(await http.json(`/v1/webhooks/${id}/test`, 200, { method: 'POST' })).toMatchObject({
    kind: 'test',
    status: 'delivered',
    lastStatus: 204,
  });
  const run = await gatehouse.start({ agent });
  await run.approvals();
  const received: Received[] = await receiver.gets(2);
  expect(JSON.parse(received[1]!.body)).toMatchObject({ type: 'approval.pending' });
  const { deliveries } = await http.json(`/v1/webhooks/deliveries?webhookId=${id}&limit=1`, 200);
  expect(deliveries).toMatchObject([{ webhookId: id, kind: 'approval', runId: run.runId }]);
  await run.handle.cancel();
  expect(await http.json(`/v1/webhooks/${id}`, 200, { method: 'DELETE' })).toMatchObject({ id });
  expect((await http.json('/v1/webhooks', 200)).webhooks).toEqual([]);
  expect(await http.json(`/v1/webhooks/${id}/test`, 404, { method: 'POST' })).toMatchObject({
    code: 'webhook-unknown',
  });
});

test.each([
  ['no address', { url: 'nonsense' }, 422, 'webhook-url-invalid'],
  ['an address with a password', { url: 'https://a:b@hooks.example/' }, 422, 'webhook-url-invalid'],
  ['the address of metadata', { url: 'https://169.254.169.254/x' }, 422, 'webhook-address-refused'],
  ['this machine', { url: 'https://127.0.0.1:8080/' }, 422, 'webhook-address-refused'],
  ['this machine by name', { url: 'https://localhost/' }, 422, 'webhook-address-refused'],
  ['this machine within IPv6', { url: 'https://[::ffff:127.0.0.1]/' }, 422, 'webhook-address-refused'],
  ['a private network', { url: 'https://10.1.2.3/' }, 422, 'webhook-address-refused'],
  ['no encryption', { url: 'http://hooks.example/' }, 422, 'webhook-address-refused'],
  [
    'an event that there is not',
    { url: 'https://hooks.example/', events: ['all'] },
    400,
    'request-malformed',
  ],
])('a webhook with %s is refused', async (_what, body, status, code) => {
  expect(await http.json('/v1/webhooks', status, { body })).toMatchObject({ code });
  expect((await http.json('/v1/webhooks', 200)).webhooks).toEqual([]);
});
