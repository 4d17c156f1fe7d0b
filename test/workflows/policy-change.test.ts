import { openCommands } from '../../src/commands/commands';
import { createApprovalStore } from '../../src/store/approval-store';
import { LOCAL_ORGANIZATION } from '../../src/store/organization-store';
import { type Harness, startHarness } from '../support/run-harness';
import { call, DEPLOY_TOOL } from '../support/scripted-agent';
import { scheduled } from '../support/test-run';

let gatehouse: Harness;
let opened: Awaited<ReturnType<typeof openCommands>>;
beforeAll(async () => {
  gatehouse = await startHarness();
  opened = await openCommands({
    temporal: gatehouse.temporalAddress,
    namespace: gatehouse.namespace,
    databaseUrl: gatehouse.databaseUrl,
    organization: LOCAL_ORGANIZATION,
  });
});
afterAll(async () => {
  await opened.close();
  await gatehouse.close();
});

const FREEZE = [
  '# Freeze',
  '',
  '```cedar',
  '@id("freeze") @message("deployments are frozen")',
  'forbid (principal, action == Action::"deploy", resource);',
  '```',
  '',
].join('\n');

test('a policy that refuses what waits for approval ends the wait at once, and approver and model are told why', async () => {
  const agent = await gatehouse.agent({ name: 'frozen', tier: 'PROD_GATED', tools: [DEPLOY_TOOL] }, [
    { calls: [call('deploy', { to: 'production' })] },
    { expect: { kind: 'refused', contains: 'deployments are frozen' }, say: 'understood' },
  ]);
  const run = await gatehouse.start({ agent });
  const [shown] = await run.approvals();
  const { runsTold } = await opened.commands.publishPolicies(
    [{ name: 'Freeze', version: 1, content: FREEZE }],
    'ada',
  );
  expect(runsTold).toBe(1);
  // Nobody decides: the run goes on by itself.
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'understood' });
  expect(scheduled(await run.history(), 'executeTool')).toEqual([]);
  expect(await createApprovalStore(gatehouse.database).get(LOCAL_ORGANIZATION, shown!.id)).toMatchObject({
    status: 'void',
    outcome: { kind: 'void', reason: expect.stringContaining('deployments are frozen') },
  });
});
