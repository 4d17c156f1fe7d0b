import { makeKey } from '../../src/broker/keys';
import { openCommands } from '../../src/commands/commands';
import type { BreakGlassScope } from '../../src/domain/break-glass';
import { personSigner } from '../../src/identity/word-signer';
import { createPersonStore } from '../../src/store/person-store';
import { type Harness, startHarness } from '../support/run-harness';
import { call, DEPLOY_TOOL } from '../support/scripted-agent';
import { decisionOn, type TestRun } from '../support/test-run';
import { waitUntil } from '../support/wait-until';

let gatehouse: Harness;
let opened: Awaited<ReturnType<typeof openCommands>>;
let agent: string;

/** Two people, neither of them who asked for the run. */
const POLICY = [
  '# Two engineers',
  '',
  '```cedar',
  '@id("two") @ask("two engineers deploy") @quorum("2") @fourEyes',
  'forbid (principal, action == Action::"deploy", resource);',
  '```',
  '',
].join('\n');
const production = { tier: 'PROD_GATED', tools: [DEPLOY_TOOL] };
const deploys = [{ calls: [call('deploy', { to: 'production' })] }, { say: 'done' }];
const everywhere: BreakGlassScope = { kind: 'organization' };

beforeAll(async () => {
  gatehouse = await startHarness();
  opened = await openCommands({
    temporal: gatehouse.temporalAddress,
    namespace: gatehouse.namespace,
    databaseUrl: gatehouse.databaseUrl,
    organization: 'local',
  });
  await opened.commands.publishPolicies([{ name: 'Two engineers', version: 1, content: POLICY }], 'ada');
  await severalPeople(true);
  agent = await gatehouse.agent(production, deploys);
});
afterAll(async () => {
  await opened.close();
  await gatehouse.close();
});

test('a request and words that are none are refused, and hold nothing', async () => {
  const { workflow } = gatehouse.client;
  const asked = { organizationId: 'local', by: 'rita', scope: everywhere, durationMs: 60_000 };
  const starts = [
    null,
    { ...asked, id: 'none', reason: 'no\0text' },
    { ...asked, id: 'none', reason: 'x', scope: 7 },
  ];
  for (const args of starts)
    await expect(
      workflow.execute('breakGlass', {
        workflowId: 'break-glass-none',
        taskQueue: 'gatehouse-control',
        args: [args],
      }),
    ).rejects.toMatchObject({ cause: { type: 'break-glass-malformed' } });
  const reason = 'the site is down';
  const { id } = await opened.commands.requestBreakGlass({ by: 'rita', reason, scope: everywhere });
  const handle = workflow.getHandle(`break-glass-${id}`);
  for (const word of [null, {}, { by: 7 }, { by: 'olga', signature: {} }])
    await expect(handle.executeUpdate('endBreakGlass', { args: [word] })).rejects.toThrow(
      'Workflow Update failed',
    );
  await opened.commands.endBreakGlass({ id, by: 'olga' });
  await handle.result();
});

test('once a second person confirmed, the requester alone approves what needs two others, and everybody can read so', async () => {
  const { commands } = opened;
  const run = await gatehouse.start({ agent });
  const [approval] = await run.approvals();
  const approve = (reason: string) => run.decide(decisionOn(approval!, 'approve', { by: 'rita', reason }));
  const { id, status } = await commands.requestBreakGlass({
    by: 'rita',
    reason: 'the site is down',
    scope: everywhere,
  });
  expect(status).toBe('requested');
  expect(await approve('unconfirmed')).toMatchObject({ accepted: false });
  await expect(commands.confirmBreakGlass({ id, by: 'rita' })).rejects.toMatchObject({
    code: 'refused',
    message: 'a second person confirms a break-glass: who asked for it cannot',
  });
  expect(await commands.confirmBreakGlass({ id, by: 'olga' })).toMatchObject({
    status: 'active',
    confirmedBy: 'olga',
    remainingMs: expect.any(Number),
  });
  expect(await approve('the site is down')).toMatchObject({ accepted: true, status: 'approved' });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'done' });
  expect(await approvalsOf(run)).toContainEqual(
    expect.objectContaining({ outcome: 'approved', by: ['rita'], breakGlass: id }),
  );
  expect(await commands.endBreakGlass({ id, by: 'olga' })).toMatchObject({
    status: 'ended',
    endedBy: 'olga',
  });
  expect(await auditOf(id)).toEqual([
    'break-glass-requested',
    'break-glass-confirmed',
    'break-glass-used',
    'break-glass-ended',
  ]);
});

test('after its end, by another person or on another agent it is worth nothing', async () => {
  const { commands } = opened;
  const other = await gatehouse.agent(production, deploys);
  const terms = {
    by: 'rita',
    reason: 'the site is down',
    scope: { kind: 'agent', agent } as const,
    durationMs: 4_000,
  };
  const { id } = await commands.requestBreakGlass(terms);
  await commands.confirmBreakGlass({ id, by: 'olga' });
  const [mine, others] = [await gatehouse.start({ agent }), await gatehouse.start({ agent: other })];
  const [[held], [foreign]] = [await mine.approvals(), await others.approvals()];
  expect(await others.decide(decisionOn(foreign!, 'approve', { by: 'rita' }))).toMatchObject({
    accepted: false,
  });
  // One of two, and no more.
  expect(await mine.decide(decisionOn(held!, 'approve', { by: 'mallory' }))).toMatchObject({
    status: 'waiting for more approvers',
  });
  await waitUntil(async () => (await endedBy(id)) !== undefined, 'its time is over');
  expect(await endedBy(id)).toBeNull();
  expect(await mine.decide(decisionOn(held!, 'approve', { by: 'rita' }))).toMatchObject({ accepted: false });
  expect(await auditOf(id)).toEqual(['break-glass-requested', 'break-glass-confirmed', 'break-glass-ended']);
  await Promise.all([mine, others].map((run) => run.handle.cancel()));
});

test('it ends in time though the control worker was lost meanwhile', async () => {
  const { commands } = opened;
  const terms = { by: 'rita', reason: 'the site is down', scope: everywhere, durationMs: 1_500 };
  const { id } = await commands.requestBreakGlass(terms);
  await commands.confirmBreakGlass({ id, by: 'olga' });
  await gatehouse.stop('control');
  await waitUntil(async () => (await listed(id)).remainingMs === 0, 'its time is over');
  expect(await listed(id)).toMatchObject({ status: 'ended' });
  await gatehouse.restart('control');
  await waitUntil(async () => (await auditOf(id)).includes('break-glass-ended'), 'its end is on record');
});

test('it turns no refusal into an approval', async () => {
  const { commands } = opened;
  const { id } = await commands.requestBreakGlass({
    by: 'rita',
    reason: 'the site is down',
    scope: everywhere,
  });
  await commands.confirmBreakGlass({ id, by: 'olga' });
  const draft = await gatehouse.agent({ tier: 'DRAFT', tools: [DEPLOY_TOOL] }, [
    { calls: [call('deploy', { to: 'production' }), call('git-push', { branch: 'main' })] },
    { say: 'refused' },
  ]);
  const run = await gatehouse.start({ agent: draft });
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'refused' });
  expect((await run.outcomes()).map(({ kind }) => kind)).toEqual(['refused', 'refused']);
  await commands.endBreakGlass({ id, by: 'rita' });
});

test('a single operator confirms alone, and the audit says so', async () => {
  const { commands } = opened;
  const { id } = await commands.requestBreakGlass({
    by: 'rita',
    reason: 'the site is down',
    scope: everywhere,
  });
  await severalPeople(false);
  expect(await commands.confirmBreakGlass({ id, by: 'rita' })).toMatchObject({ status: 'active' });
  await severalPeople(true);
  const record = await gatehouse.database.client.organizationAuditRecord.findFirst({
    where: { kind: 'break-glass-confirmed' },
    orderBy: { sequence: 'desc' },
  });
  expect(JSON.parse(record!.body)).toMatchObject({ id, by: 'rita', isAlone: true });
  await commands.endBreakGlass({ id, by: 'rita' });
});

test.each([
  [{ reason: ' ', scope: everywhere }, 'needs a reason'],
  [{ reason: 'x', scope: everywhere, durationMs: 4 * 3_600_000 + 1 }, 'at most four hours'],
  [{ reason: 'x', scope: { kind: 'agent', agent: 'nobody' } as const }, 'there is no agent `nobody`'],
  [{ reason: 'x', scope: { kind: 'run', runId: 'none' } as const }, 'there is no run `none`'],
])('a request %j is refused', async (asked, message) => {
  await expect(opened.commands.requestBreakGlass({ by: 'rita', ...asked })).rejects.toMatchObject({
    message: expect.stringContaining(message),
  });
});

describe('in an organization that requires signatures', () => {
  const keys = { rita: makeKey(), olga: makeKey(), carl: makeKey() };
  const as = (person: keyof typeof keys) =>
    openCommands({
      temporal: gatehouse.temporalAddress,
      namespace: gatehouse.namespace,
      databaseUrl: gatehouse.databaseUrl,
      organization: 'signed',
      signer: personSigner(person, keys[person]),
    });

  test('words without a signature, of another person or without the role are refused', async () => {
    await gatehouse.organizations.create({ id: 'signed', name: 'Signed' });
    const persons = createPersonStore(gatehouse.database);
    for (const [name, roles] of Object.entries({
      rita: ['approver'],
      olga: ['operator'],
      carl: ['approver'],
    })) {
      await persons.apply('signed', { name, roles }, 'admin');
      await persons.addKey('signed', name, keys[name as keyof typeof keys].publicKey, 'admin');
    }
    const asked = { by: 'rita', reason: 'the site is down', scope: everywhere };
    const nobody = await openCommands({
      temporal: gatehouse.temporalAddress,
      namespace: gatehouse.namespace,
      databaseUrl: gatehouse.databaseUrl,
      organization: 'signed',
    });
    const [rita, olga, carl] = await Promise.all([as('rita'), as('olga'), as('carl')]);
    await expect(nobody.commands.requestBreakGlass(asked)).rejects.toMatchObject({ code: 'refused' });
    const { id } = await rita.commands.requestBreakGlass(asked);
    // A name proves nothing: `by` is that of the signature.
    await expect(nobody.commands.confirmBreakGlass({ id, by: 'olga' })).rejects.toThrow(/signed/);
    await expect(rita.commands.confirmBreakGlass({ id, by: 'olga' })).rejects.toThrow(
      /has no role that may say this/,
    );
    await expect(carl.commands.confirmBreakGlass({ id, by: 'carl' })).rejects.toThrow(
      /has no role that may say this/,
    );
    expect(await olga.commands.confirmBreakGlass({ id, by: 'olga' })).toMatchObject({ status: 'active' });
    await Promise.all([nobody, rita, olga, carl].map(({ close }) => close()));
  });
});

/** Whether others work in the organization `local` than one person alone. */
async function severalPeople(areThere: boolean): Promise<void> {
  await opened.commands.setPeopleSettings({ settings: { isSingleOperator: !areThere } });
}

async function listed(id: string) {
  return (await opened.commands.listBreakGlass()).find((each) => each.id === id)!;
}

/** Who ended it, null for its time; undefined while nothing is recorded. */
async function endedBy(id: string): Promise<string | null | undefined> {
  const row = await gatehouse.database.client.breakGlass.findUniqueOrThrow({ where: { id } });
  return row.endedAt === null ? undefined : row.endedBy;
}

async function auditOf(id: string): Promise<string[]> {
  const rows = await gatehouse.database.client.organizationAuditRecord.findMany({
    where: { kind: { startsWith: 'break-glass' } },
    orderBy: { sequence: 'asc' },
  });
  return rows.filter(({ body }) => JSON.parse(body).id === id).map(({ kind }) => kind);
}

async function approvalsOf(run: TestRun) {
  return (await run.events()).flatMap(({ type, data }) => (type === 'approval' ? [data] : []));
}
