import { makeKey } from '../../src/broker/keys';
import { appendRecords, createAuditStore } from '../../src/store/audit-store';
import { createHaltStore } from '../../src/store/halt-store';
import { createRunStore } from '../../src/store/run-store';
import { openStores, type StoreFixture } from '../store/fixture';
import { type Desk, openDesk, SECRET } from './support/desk';

let stores: StoreFixture;
let desk: Desk;
let runId: string;
let counter = 0;
beforeAll(async () => {
  stores = await openStores();
});
afterAll(() => stores?.close());
beforeEach(async () => {
  desk = openDesk(stores);
  runId = `run-${++counter}`;
  await stores.startRun(runId);
});

const alive = async () => true;

async function finish(): Promise<void> {
  const usage = { turns: 0, tokens: 0, toolCalls: 0, pipelineRuns: 0, credentialRequests: 0 };
  await createRunStore(stores.database).finish({
    ...{ runId, organizationId: 'local', events: [], firstSequence: 9_000 },
    outcome: { status: 'COMPLETED', text: 'done' },
    usage: {
      ...usage,
      ...{ startedAt: 0, waitedMs: 0, waitingSince: null },
      reserved: { toolCalls: 0, pipelineRuns: 0, credentialRequests: 0 },
    },
  });
}

async function audited(): Promise<string[]> {
  const records = await createAuditStore(stores.database).list({ runId, organizationId: 'local' });
  expect(JSON.stringify(records)).not.toContain(SECRET);
  return records.map(({ kind }) => kind).filter((kind) => kind.startsWith('credential-'));
}

test('a granted call gets credentials once, and the records hold everything but the secret', async () => {
  const asked = await desk.ask(runId);
  const issued = await desk.broker.issue(asked);
  expect(issued).toMatchObject({
    handle: expect.stringMatching(/^cred-[0-9a-f]{16}$/),
    ...{ provider: 'spy', account: 'dev', role: 'reader', scope: 'read', callId: asked.call.id },
    material: { env: { SPY_TOKEN: SECRET } },
  });
  await expect(desk.broker.issue(asked)).rejects.toMatchObject({ code: 'credential-redeemed' });
  expect(desk.spy.issued).toEqual([issued.handle]);
  const rows = await stores.database.client.credential.findMany({ where: { runId } });
  expect(rows).toMatchObject([{ handle: issued.handle, status: 'issued', presenter: desk.host.thumbprint }]);
  expect(JSON.stringify(rows)).not.toContain(SECRET);
  expect(await audited()).toEqual(['credential-issued', 'credential-refused']);
  expect(
    await createAuditStore(stores.database).verifyChain({ runId, organizationId: 'local' }),
  ).toMatchObject({
    ok: true,
  });
});

test('two requests at once with one grant get one credential', async () => {
  const asked = await desk.ask(runId);
  const answers = await Promise.allSettled([desk.broker.issue(asked), desk.anotherBroker().issue(asked)]);
  expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(desk.spy.issued).toHaveLength(1);
});

describe('nothing is issued', () => {
  const refusal = async (asked: Parameters<Desk['broker']['issue']>[0], code: string) => {
    await expect(desk.broker.issue(asked)).rejects.toMatchObject({ code });
    expect(desk.spy.issued).toEqual([]);
  };

  test('to a key that no grant of ours is bound to', async () => {
    const asked = await desk.ask(runId);
    await refusal({ ...asked, presenter: makeKey().thumbprint }, 'presenter-unknown');
    await refusal({ ...asked, presenter: desk.runner.thumbprint }, 'presenter-unknown');
  });

  test('for a grant that another gate signed, that has expired, or that is for the channel', async () => {
    const stranger = await openDesk(stores).ask(runId);
    await refusal({ ...stranger, presenter: desk.host.thumbprint }, 'grant-invalid');
    const channel = await desk.ask(runId, { claims: { aud: 'channel' }, effect: 'read' });
    await refusal(channel, 'grant-wrong-audience');
    const late = await desk.ask(runId);
    desk.passTime(61_000);
    await refusal(late, 'grant-expired');
  });

  test('for another tool, other arguments, another call or another effect than was granted', async () => {
    await refusal(await desk.ask(runId, { tool: 'run-command' }), 'credential-not-granted');
    const asked = await desk.ask(runId);
    const args = asked.call.args.replace('reader', 'writer');
    await refusal({ ...asked, call: { ...asked.call, args } }, 'credential-not-granted');
    await refusal({ ...asked, call: { ...asked.call, id: 'call-x' } }, 'credential-not-granted');
    const write = { account: 'dev', role: 'reader', scope: 'write' };
    await refusal(await desk.ask(runId, { args: write, effect: 'draft' }), 'credential-not-granted');
  });

  test('for a grant of which the gate has no record', async () => {
    await refusal(await desk.ask(runId, { isRecorded: false }), 'credential-not-granted');
  });

  test('to a tier that may not, whatever the grant says', async () => {
    const write = { account: 'dev', role: 'reader', scope: 'write' };
    await refusal(await desk.ask(runId, { args: write, effect: 'production' }), 'credential-not-permitted');
  });

  test('for an account or role that is not offered', async () => {
    await refusal(
      await desk.ask(runId, { args: { account: 'prod', role: 'reader', scope: 'read' } }),
      'credential-not-offered',
    );
    expect(await audited()).toEqual(['credential-refused']);
  });

  test('while organization, agent or run is halted', async () => {
    const halts = createHaltStore(stores.database);
    const request = { by: 'ada', reason: 'stop' };
    const asked = await desk.ask(runId);
    await halts.setOrganization('local', { ...request, halt: 'paused' });
    try {
      await refusal(asked, 'credential-run-halted');
    } finally {
      await halts.setOrganization('local', { ...request, halt: 'none' });
    }
    await halts.setRun('local', runId, { ...request, halt: 'stopped' });
    await refusal(asked, 'credential-run-halted');
  });

  test('once the run has ended', async () => {
    const asked = await desk.ask(runId);
    await finish();
    await refusal(asked, 'credential-run-ended');
  });

  test('past the budget, which people can raise', async () => {
    for (let issued = 0; issued < 10; issued++) await desk.broker.issue(await desk.ask(runId));
    desk.spy.issued.length = 0;
    await refusal(await desk.ask(runId), 'credential-budget-exceeded');
    const address = { runId, organizationId: 'local' };
    await stores.database.client.$transaction(async (transaction) => {
      const body = { budget: { maxCredentialRequests: 1 }, by: 'ada', settled: [] };
      await appendRecords(transaction, address, {
        audit: [{ key: 'top-up:1', kind: 'top-up', body, at: 1 }],
      });
    });
    await desk.broker.issue(await desk.ask(runId));
    desk.spy.issued.length = 0;
    await refusal(await desk.ask(runId), 'credential-budget-exceeded');
  });
});

test('a provider that fails is told of in public words, and what it may have made is revoked', async () => {
  desk.spy.failure = new Error(`refused the key ${SECRET}`);
  const asked = await desk.ask(runId);
  const error = await desk.broker.issue(asked).catch((failure) => failure);
  expect(error).toMatchObject({ code: 'credential-provider-failed' });
  expect(error.message).not.toContain(SECRET);
  expect(desk.spy.revoked).toEqual([{ handle: desk.spy.issued[0], knewSecret: false }]);
  expect(await audited()).toEqual(['credential-refused', 'credential-revoked']);
});

test('a run that ends while its provider works gets nothing, and what was issued is revoked', async () => {
  desk.spy.beforeIssue = finish;
  await expect(desk.broker.issue(await desk.ask(runId))).rejects.toMatchObject({
    code: 'credential-run-ended',
  });
  expect(desk.spy.revoked).toEqual([{ handle: desk.spy.issued[0], knewSecret: true }]);
});

test('the end of a run revokes all it holds, once', async () => {
  const one = await desk.broker.issue(await desk.ask(runId));
  const other = await desk.broker.issue(await desk.ask(runId));
  const address = { runId, organizationId: 'local' };
  await desk.broker.revokeRun(address);
  await desk.broker.revokeRun(address);
  expect(desk.spy.revoked.map(({ handle }) => handle).sort()).toEqual([one.handle, other.handle].sort());
});

describe('the sweep', () => {
  test('revokes what has expired, what its run left behind, and what was broken off', async () => {
    const { handle } = await desk.broker.issue(await desk.ask(runId));
    await desk.broker.sweep(alive);
    const revoked = () => desk.spy.revoked.map((each) => each.handle);
    expect(revoked()).not.toContain(handle);
    desk.passTime(16 * 60_000);
    await desk.broker.sweep(alive);
    expect(revoked()).toContain(handle);
    const { handle: left } = await desk.broker.issue(await desk.ask(runId));
    await finish();
    await desk.broker.sweep(alive);
    expect(revoked()).toContain(left);
  });

  test('revokes what a run that is no more holds, and tries again where a provider was away', async () => {
    const { handle } = await desk.broker.issue(await desk.ask(runId));
    const away = desk.anotherBroker({
      issuerOf: () => ({
        provider: 'spy',
        issue: async () => ({ env: {}, files: {}, secrets: [] }),
        revoke: async () => {
          throw new Error('away');
        },
      }),
    });
    const isMine = async (id: string) => id !== runId;
    await away.sweep(isMine);
    expect(desk.logged).toContainEqual(
      expect.stringContaining(`credential ${handle} of run ${runId} could not be revoked`),
    );
    await desk.broker.sweep(isMine);
    expect(desk.spy.revoked.map((each) => each.handle)).toContain(handle);
  });
});

describe('a host that has forgotten', () => {
  const reading = () => desk.ask(runId, { tool: 'read-file', effect: 'read', claims: { aud: 'channel' } });

  test('gets what its run holds, with any grant of the run, reading ones too', async () => {
    const issued = await desk.broker.issue(await desk.ask(runId));
    expect(await desk.broker.redeem(await desk.ask(runId, { tool: 'run-command' }))).toEqual({
      credentials: [issued],
      gone: [],
    });
    expect((await desk.broker.redeem(await reading())).credentials).toEqual([issued]);
    expect(await audited()).toEqual(['credential-issued', 'credential-redeemed', 'credential-redeemed']);
  });

  test('gets nothing of another run, of one that has ended, or of what has expired', async () => {
    await desk.broker.issue(await desk.ask(runId));
    const nothing = { credentials: [], gone: [] };
    await stores.startRun(`${runId}-other`);
    expect(await desk.broker.redeem(await desk.ask(`${runId}-other`))).toEqual(nothing);
    const asked = await desk.ask(runId);
    desk.passTime(15 * 60_000);
    expect(await desk.broker.redeem({ ...asked, grant: (await desk.ask(runId)).grant })).toEqual(nothing);
    desk.passTime(-15 * 60_000);
    await finish();
    expect(await desk.broker.redeem(asked)).toEqual(nothing);
  });

  test('gets nothing by a grant for reading that another host was asked with', async () => {
    await desk.broker.issue(await desk.ask(runId));
    const other = makeKey();
    const broker = desk.anotherBroker({
      presenters: {
        runner: desk.runner.thumbprint,
        sandboxes: new Set([desk.host.thumbprint, other.thumbprint]),
      },
    });
    expect(await broker.redeem({ ...(await reading()), presenter: other.thumbprint })).toEqual({
      credentials: [],
      gone: [],
    });
    await expect(
      broker.redeem({ ...(await desk.ask(runId)), presenter: other.thumbprint }),
    ).rejects.toMatchObject({ code: 'grant-wrong-presenter' });
  });

  test('is told what a broker that has forgotten too had to revoke', async () => {
    const { material: _, ...view } = await desk.broker.issue(await desk.ask(runId));
    expect(await desk.anotherBroker().redeem(await desk.ask(runId))).toEqual({
      credentials: [],
      gone: [view],
    });
    expect(desk.spy.revoked).toEqual([{ handle: view.handle, knewSecret: false }]);
  });
});
