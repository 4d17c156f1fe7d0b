import { createHmac } from 'node:crypto';
import { openCommands } from '../../src/commands/commands';
import {
  createAddWebhook,
  createListDeliveries,
  createRemoveWebhook,
  createTestWebhook,
} from '../../src/commands/webhooks';
import { DEFAULT_PEOPLE_SETTINGS } from '../../src/domain/people-settings';
import { type AddressGuard, createAddressGuard } from '../../src/notifications/address-guard';
import { createWebhookStore, type StoredDelivery } from '../../src/store/webhook-store';
import { type Received, startReceiver } from '../support/receiver';
import { type Harness, startHarness } from '../support/run-harness';
import { call, DEPLOY_TOOL } from '../support/scripted-agent';
import { waitUntil } from '../support/wait-until';

let gatehouse: Harness;
let receiver: Awaited<ReturnType<typeof startReceiver>>;
let deployer: string;
const control = () => ({
  GATEHOUSE_PRIVATE_WEBHOOKS: receiver.host,
  GATEHOUSE_PUBLIC_URL: 'https://gatehouse.example/',
});
beforeAll(async () => {
  receiver = await startReceiver();
  gatehouse = await startHarness();
  await gatehouse.restart('control', control());
  deployer = await gatehouse.agent({ tier: 'PROD_GATED', tools: [DEPLOY_TOOL] }, [
    { calls: [call('deploy', { to: 'a-secret-place' })] },
    { say: 'deployed' },
  ]);
});
afterAll(async () => {
  await gatehouse.close();
  await receiver.close();
});

const dependencies = () => ({
  organizationId: 'local',
  webhooks: createWebhookStore(gatehouse.database),
  webhookGuard: createAddressGuard([receiver.host]),
});
const deliveries = (webhookId: string) => createListDeliveries(dependencies())({ webhookId });

/** A webhook for one test; afterwards nothing more is sent to it. */
async function withWebhook(
  request: { events?: string[]; kind?: 'slack'; url?: string; hasContent?: boolean },
  work: (added: { id: string; secret: string }) => Promise<void>,
  guard: AddressGuard = dependencies().webhookGuard,
): Promise<void> {
  receiver.received.length = 0;
  const { webhook, secret } = await createAddWebhook({ ...dependencies(), webhookGuard: guard })({
    url: receiver.url,
    by: 'olga',
    ...request,
  });
  try {
    await work({ id: webhook.id, secret });
  } finally {
    await createRemoveWebhook(dependencies())(webhook.id, 'olga');
  }
}

async function settled(webhookId: string, count = 1): Promise<StoredDelivery[]> {
  let found: StoredDelivery[] = [];
  await waitUntil(async () => {
    found = await deliveries(webhookId);
    return found.length >= count && found.every(({ status }) => status !== 'pending');
  }, `${count} deliveries are settled`);
  return found;
}

function isSigned({ headers, body }: Received, secret: string): boolean {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  return headers['webhook-signature'] === `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
}

test('who is told hears of an approval and of the end, signed, with a link and without arguments', async () => {
  await withWebhook({}, async ({ id, secret }) => {
    const run = await gatehouse.start({ agent: deployer });
    const [approval] = await run.approvals();
    const [first] = await receiver.gets(1);
    expect(JSON.parse(first!.body)).toMatchObject({
      type: 'approval.pending',
      data: {
        organizationId: 'local',
        runId: run.runId,
        approvalId: approval!.id,
        tool: 'deploy',
        effect: 'production',
        link: `https://gatehouse.example/console/approvals/${approval!.id}`,
      },
    });
    await run.approveNext();
    await run.outcome();
    const [, last] = await receiver.gets(2);
    expect(JSON.parse(last!.body)).toMatchObject({
      type: 'run.ended',
      data: { status: 'COMPLETED', link: `https://gatehouse.example/console/runs/${run.runId}` },
    });
    for (const received of receiver.received) {
      expect(isSigned(received, secret)).toBe(true);
      expect(isSigned({ ...received, body: `${received.body} ` }, secret)).toBe(false);
      expect(received.body).not.toContain('a-secret-place');
    }
    expect(await settled(id, 2)).toEqual([
      expect.objectContaining({ kind: 'run-ended', status: 'delivered', attempts: 1, lastError: null }),
      expect.objectContaining({ kind: 'approval', status: 'delivered', attempts: 1, lastError: null }),
    ]);
  });
});

test('only events that were chosen are told, and nothing once it is removed', async () => {
  await withWebhook({ events: ['question'] }, async ({ id }) => {
    const run = await gatehouse.start({ agent: deployer });
    await run.denyNext('no');
    await run.outcome();
    expect(await deliveries(id)).toEqual([]);
  });
  const run = await gatehouse.start({ agent: deployer });
  await run.denyNext('no');
  await run.outcome();
  expect(receiver.received).toEqual([]);
});

test('a question goes to Slack as a message of plain text', async () => {
  const asker = await gatehouse.agent({}, [
    { calls: [call('ask-user', { question: 'Shall <!channel> know?' })] },
    { say: 'done' },
  ]);
  await withWebhook({ kind: 'slack', events: ['question'] }, async () => {
    const run = await gatehouse.start({ agent: asker });
    const [message] = await receiver.gets(1);
    expect(message!.body).toContain('Shall &lt;!channel&gt; know?');
    await run.answerNext('no');
    await run.outcome();
  });
});

test('people are reminded of an approval that waits, and others are told once it is escalated', async () => {
  await gatehouse.organizations.setPeople(
    'local',
    { ...DEFAULT_PEOPLE_SETTINGS, remindAfterMs: [300], escalation: { afterMs: 900, role: 'lead' } },
    'olga',
  );
  try {
    await withWebhook({ events: ['reminder', 'escalated'] }, async ({ id, secret }) => {
      const run = await gatehouse.start({ agent: deployer });
      const [approval] = await run.approvals();
      const [reminder, escalated] = await receiver.gets(2);
      for (const [received, type] of [
        [reminder!, 'approval.reminder'],
        [escalated!, 'approval.escalated'],
      ] as const) {
        expect(isSigned(received, secret)).toBe(true);
        expect(JSON.parse(received.body)).toMatchObject({
          type,
          data: {
            runId: run.runId,
            approvalId: approval!.id,
            tool: 'deploy',
            link: `https://gatehouse.example/console/approvals/${approval!.id}`,
          },
        });
        expect(received.body).not.toContain('a-secret-place');
      }
      expect(JSON.parse(escalated!.body).data.roles).toEqual(['lead']);
      await run.denyNext('no');
      await run.outcome();
      expect((await settled(id, 2)).map(({ kind }) => kind)).toEqual(['escalated', 'reminder']);
    });
  } finally {
    await gatehouse.organizations.setPeople('local', DEFAULT_PEOPLE_SETTINGS, 'olga');
  }
});

test('most of a limit being used is told, and that it is reached', async () => {
  const spender = await gatehouse.agent({ budget: { maxToolCalls: 5 } }, [
    { calls: Array.from({ length: 4 }, () => call('read-file', { path: 'README.md' })) },
    { calls: Array.from({ length: 2 }, () => call('read-file', { path: 'README.md' })) },
    { say: 'never' },
  ]);
  await withWebhook({ events: ['budget'] }, async () => {
    const run = await gatehouse.start({ agent: spender });
    await run.outcome();
    const [notice] = await receiver.gets(1);
    expect(JSON.parse(notice!.body)).toMatchObject({
      type: 'run.budget',
      data: { runId: run.runId, link: `https://gatehouse.example/console/runs/${run.runId}` },
    });
    expect(notice!.body).toContain('maxToolCalls');
  });
});

test('each step of a break-glass is told, with who took it', async () => {
  const opened = await openCommands({
    temporal: gatehouse.temporalAddress,
    namespace: gatehouse.namespace,
    databaseUrl: gatehouse.databaseUrl,
    organization: 'local',
  });
  try {
    await withWebhook({ events: ['break-glass'] }, async ({ id: webhookId }) => {
      const { commands } = opened;
      const { id } = await commands.requestBreakGlass({
        by: 'rita',
        reason: 'the shop is down',
        scope: { kind: 'organization' },
      });
      await receiver.gets(1);
      await commands.confirmBreakGlass({ id, by: 'olga' });
      await receiver.gets(2);
      await commands.endBreakGlass({ id, by: 'olga' });
      const told = (await receiver.gets(3)).map(({ body }) => JSON.parse(body));
      expect(new Set(told.map(({ type }) => type))).toEqual(new Set(['organization.break-glass']));
      expect(told.map(({ data }) => data.record)).toEqual([
        'break-glass-requested',
        'break-glass-confirmed',
        'break-glass-ended',
      ]);
      expect(told.map(({ data }) => data.by)).toEqual(['rita', 'olga', 'olga']);
      expect(told[0].data).toMatchObject({
        link: 'https://gatehouse.example/console/break-glass',
        content: { reason: 'the shop is down' },
      });
      await settled(webhookId, 3);
    });
  } finally {
    await opened.close();
  }
});

test('what fails is tried again with the same id, and the log says how it stands', async () => {
  await withWebhook({ events: ['run-ended'] }, async ({ id }) => {
    receiver.willAnswer({ status: 500 }, { status: 503, headers: { 'retry-after': '12' } });
    const run = await gatehouse.start({ agent: deployer });
    await run.denyNext('no');
    await waitUntil(async () => (await deliveries(id))[0]?.attempts === 1, 'one attempt failed');
    const [delivery] = await deliveries(id);
    expect(delivery).toMatchObject({
      status: 'pending',
      lastStatus: 500,
      lastError: `\`http://${receiver.host}\` answered 500`,
    });
    expect(delivery!.nextAttemptAt).toBeGreaterThan(Date.now());
    await settled(id);
    const [first, second, third] = await receiver.gets(3);
    expect(new Set([first, second, third].map((each) => each!.headers['webhook-id'])).size).toBe(1);
    expect(third!.at - second!.at).toBeGreaterThanOrEqual(12_000);
    expect(await deliveries(id)).toEqual([
      expect.objectContaining({ status: 'delivered', attempts: 3, lastStatus: 204, lastError: null }),
    ]);
  });
}, 60_000);

test.each([
  { status: 410, says: 'answered 410' },
  { status: 404, says: 'answered 404' },
  { status: 302, says: 'answered 302, and redirects are not followed' },
])('a receiver that answers $status is not asked again', async ({ status, says }) => {
  await withWebhook({}, async ({ id }) => {
    receiver.willAnswer({ status, headers: { location: `http://${receiver.host}/other` } });
    const delivery = await createTestWebhook(dependencies())(id);
    expect(delivery).toMatchObject({ status: 'failed', attempts: 1 });
    expect(delivery.lastError).toContain(says);
    expect(receiver.received.map(({ path }) => path)).toEqual(['/hook']);
  });
});

test('an address that the operator did not allow is not even connected to', async () => {
  const other = await startReceiver();
  for (const url of [other.url, `http://localhost:${receiver.port}/`, 'https://169.254.169.254/latest']) {
    await expect(withWebhook({ url }, async () => {})).rejects.toMatchObject({
      code: 'webhook-address-refused',
      message: expect.stringContaining('GATEHOUSE_PRIVATE_WEBHOOKS'),
    });
    // Added while its name led elsewhere.
    await withWebhook(
      { url },
      async ({ id }) => {
        const delivery = await createTestWebhook(dependencies())(id);
        expect(delivery).toMatchObject({ status: 'failed', lastStatus: null });
        expect(delivery.lastError).toContain('GATEHOUSE_PRIVATE_WEBHOOKS');
      },
      createAddressGuard([new URL(url).host]),
    );
  }
  expect(other.received).toEqual([]);
  await other.close();
});

test('while no control worker runs nothing is lost, and each is told once', async () => {
  await withWebhook({ events: ['run-ended', 'approval'] }, async ({ id }) => {
    const run = await gatehouse.start({ agent: deployer });
    await run.approvals();
    await receiver.gets(1);
    await gatehouse.stop('control');
    // As if it had been killed between the event's commit and anything that follows.
    await createWebhookStore(gatehouse.database).addTest('local', id);
    await gatehouse.database.client.notificationDelivery.updateMany({
      where: { webhookId: id, kind: 'approval' },
      data: { startedAt: null },
    });
    await gatehouse.restart('control', control());
    await run.denyNext('no');
    await run.outcome();
    const kinds = (await settled(id, 3)).map(({ kind, attempts }) => `${kind} ${attempts}`);
    expect(kinds.sort()).toEqual(['approval 1', 'run-ended 1', 'test 1']);
    expect(receiver.received).toHaveLength(3);
  });
});

test('neither secret nor address is in a workflow’s history', async () => {
  await withWebhook({ events: ['run-ended'] }, async ({ id, secret }) => {
    receiver.willAnswer({ status: 404 });
    await createTestWebhook(dependencies())(id);
    const [delivery] = await deliveries(id);
    const handle = gatehouse.client.workflow.getHandle(`notification-${delivery!.id}`);
    await expect(handle.result()).rejects.toThrow();
    const history = readable(await handle.fetchHistory());
    expect(history).toContain(delivery!.id);
    for (const hidden of [secret, secret.slice(6), receiver.url, '/hook'])
      expect(history).not.toContain(hidden);
  });
});

/** JSON with payloads as their text. */
function readable(value: unknown): string {
  return JSON.stringify(value, function (this: Record<string, unknown>, name, shown) {
    const original = this[name];
    return original instanceof Uint8Array ? Buffer.from(original).toString('utf8') : shown;
  });
}
