import { join } from 'node:path';
import { createLocalArtifactStore } from '../../src/artifacts/local-artifact-store';
import { openCommands } from '../../src/commands/commands';
import { LOCAL_ORGANIZATION } from '../../src/store/organization-store';
import { type Harness, startHarness } from '../support/run-harness';
import { call, DEPLOY_TOOL } from '../support/scripted-agent';
import type { TestRun } from '../support/test-run';

let gatehouse: Harness;
let opened: Awaited<ReturnType<typeof openCommands>>;
let run: TestRun;

// One run: a file is written, a pull request is never opened, and a deployment waits for people.
beforeAll(async () => {
  gatehouse = await startHarness();
  opened = await openCommands({
    temporal: gatehouse.temporalAddress,
    namespace: gatehouse.namespace,
    databaseUrl: gatehouse.databaseUrl,
    organization: LOCAL_ORGANIZATION,
  });
  const volume = 'resource "aws_ebs_volume" "data" {\n  size = 1\n}\n';
  const agent = await gatehouse.agent({ name: 'deployer', tier: 'PROD_GATED', tools: [DEPLOY_TOOL] }, [
    { calls: [call('write-file', { path: 'disk.tf', content: volume })] },
    { calls: [call('deploy', { to: 'staging' })] },
    { say: 'done' },
  ]);
  run = await gatehouse.start({ agent });
  await run.approvals();
});

afterAll(async () => {
  await opened.close();
  await gatehouse.close();
});

/** A policy with one rule. */
const policy = (name: string, rule: string) => ({
  name,
  version: 1,
  content: `# ${name}\n\n\`\`\`cedar\n${rule}\n\`\`\`\n`,
});
const FREEZE = policy(
  'Freeze',
  '@id("freeze") @message("deployments are frozen") forbid (principal, action == Action::"deploy", resource);',
);
const NO_DISKS = policy(
  'Disks',
  '@id("none") @message("no disks") forbid (principal, action in Action::"changes-content", resource is ContentResource) when { resource.type == "aws_ebs_volume" };',
);

test('calls that a candidate refuses are listed, and the approval that would be void; nothing is written', async () => {
  const before = await everythingStored();
  const [approval] = await run.approvals();
  expect(await opened.commands.simulatePolicies([FREEZE])).toEqual({
    runs: 1,
    runsWithoutAgent: 0,
    calls: 2,
    changed: 1,
    changedAlready: 0,
    flips: [
      expect.objectContaining({
        ...{ runId: run.runId, tool: 'deploy', from: 'ask', to: 'deny', isAlready: false },
        reasonsAfter: [expect.objectContaining({ layer: 'organization', rule: 'freeze/freeze' })],
      }),
    ],
    voided: [
      expect.objectContaining({
        ...{ id: approval!.id, runId: run.runId, tool: 'deploy', to: 'deny' },
        reasons: [expect.objectContaining({ message: 'deployments are frozen' })],
      }),
    ],
    unknown: 0,
  });
  expect(await everythingStored()).toEqual(before);
  expect((await run.pending()).approvals).toHaveLength(1);
});

test('rules about content are judged on the files of their time, and are unknown without them', async () => {
  const artifacts = createLocalArtifactStore({ folder: join(gatehouse.folder, 'artifacts') });
  expect(await opened.commands.simulatePolicies([NO_DISKS], { artifacts })).toMatchObject({
    flips: [
      {
        tool: 'write-file',
        from: 'allow',
        to: 'deny',
        reasonsAfter: [{ message: expect.stringContaining('no disks') }],
      },
    ],
    unknown: 0,
  });
  expect(await opened.commands.simulatePolicies([NO_DISKS])).toMatchObject({ flips: [], unknown: 1 });
  const gone = createLocalArtifactStore({ folder: join(gatehouse.folder, 'no-artifacts') });
  expect(await opened.commands.simulatePolicies([NO_DISKS], { artifacts: gone })).toMatchObject({
    flips: [],
    unknown: 1,
  });
});

test('a candidate takes the place of the policy of its name, and the others stay', async () => {
  const { commands } = opened;
  const noWrites = 'forbid (principal, action == Action::"write-file", resource);';
  await commands.publishPolicies([policy('Writes', noWrites), policy('Other', '// no rule')], 'ada');
  // What is published refuses the recorded call by now; a candidate of another name has no part in it.
  const other = await commands.simulatePolicies([policy('Other', noWrites)]);
  expect(other).toMatchObject({ changed: 1, changedAlready: 1, flips: [{ to: 'deny', isAlready: true }] });
  expect(await commands.simulatePolicies([policy('Writes', '// none')])).toMatchObject({
    changed: 0,
    flips: [],
  });
});

test('a run is judged as it was narrowed, and is left out when its agent is stored no more', async () => {
  const agent = await gatehouse.agent({ name: 'narrowed' }, [
    { calls: [call('list-files', {})] },
    { say: 'done' },
  ]);
  const narrowed = await gatehouse.start({ agent, narrow: { deniedTools: ['list-files'] } });
  await narrowed.outcome();
  const flipsOf = async () =>
    (await opened.commands.simulatePolicies([])).flips.filter(({ runId }) => runId === narrowed.runId);
  expect(await flipsOf()).toEqual([]);
  await gatehouse.database.client.agent.delete({
    where: { organizationId_name: { organizationId: LOCAL_ORGANIZATION, name: agent } },
  });
  expect(await opened.commands.simulatePolicies([])).toMatchObject({ runs: 1, runsWithoutAgent: 1 });
});

/** Every row that a simulation could touch. */
async function everythingStored() {
  const { client } = gatehouse.database;
  return Promise.all([
    client.organization.findMany(),
    client.customPolicy.findMany(),
    client.customPolicyVersion.findMany(),
    client.policySnapshot.findMany({ orderBy: { id: 'asc' } }),
    client.run.findMany(),
    client.runEvent.findMany({ orderBy: [{ runId: 'asc' }, { sequence: 'asc' }] }),
    client.decisionRecord.findMany({ orderBy: [{ runId: 'asc' }, { step: 'asc' }, { position: 'asc' }] }),
    client.approval.findMany(),
    client.auditRecord.findMany({ orderBy: [{ runId: 'asc' }, { sequence: 'asc' }] }),
    client.rateUse.findMany(),
  ]);
}
