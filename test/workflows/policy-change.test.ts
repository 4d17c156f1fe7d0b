import { openCommands } from '../../src/commands/commands';
import { createApprovalStore } from '../../src/store/approval-store';
import { LOCAL_ORGANIZATION } from '../../src/store/organization-store';
import { type Harness, startHarness } from '../support/run-harness';
import { call, DEPLOY_TOOL } from '../support/scripted-agent';
import { scheduled } from '../support/test-run';
import { waitUntil } from '../support/wait-until';

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

test('an approval behind an open question ends at once as well, and the question stays open', async () => {
  const tools = [{ ...DEPLOY_TOOL, name: 'release' }];
  const agent = await gatehouse.agent({ name: 'asking', tier: 'PROD_GATED', tools }, [
    { calls: [call('ask-user', { question: 'Which one?' }), call('release', { to: 'production' })] },
    {
      expect: [
        { call: 1, kind: 'answered', contains: 'the blue one' },
        { call: 2, kind: 'refused', contains: 'releases are frozen' },
      ],
      say: 'understood',
    },
  ]);
  const run = await gatehouse.start({ agent });
  await run.question();
  const [shown] = await run.approvals();
  const content = FREEZE.replace('deployments', 'releases').replace('"deploy"', '"release"');
  await opened.commands.publishPolicies([{ name: 'Release Freeze', version: 1, content }], 'ada');
  const approvals = createApprovalStore(gatehouse.database);
  await waitUntil(
    async () => (await approvals.get(LOCAL_ORGANIZATION, shown!.id))?.status === 'void',
    'the approval is void',
  );
  expect(await run.pending()).toMatchObject({ approvals: [], questions: [{ question: 'Which one?' }] });
  await run.answerNext('the blue one');
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'understood' });
});

test('in observe mode a rule refuses nothing, and what it would have refused is on record; enforcing counts at once', async () => {
  const policy = [
    '```cedar',
    '@id("no-notes") @message("notes stay out of repositories")',
    'forbid (principal, action == Action::"write-file", resource);',
    '```',
    '',
  ].join('\n');
  await opened.commands.publishPolicies([{ name: 'Notes', version: 1, content: policy }], 'olga');
  await opened.commands.setPolicyMode('observe', 'olga');
  const write = { calls: [call('write-file', { path: 'note.txt', content: 'x' })] };
  const agent = await gatehouse.agent({ name: 'watched' }, [
    write,
    { expect: { kind: 'done' }, calls: [call('ask-user', { question: 'Go on?' })] },
    write,
    { expect: { kind: 'refused', contains: 'notes stay out' }, say: 'understood' },
  ]);
  const run = await gatehouse.start({ agent });
  await run.question();
  await opened.commands.setPolicyMode('enforce', 'olga');
  await run.answerNext('yes');
  expect(await run.outcome()).toEqual({ status: 'COMPLETED', text: 'understood' });
  const { decisions } = await opened.commands.showRun(run.runId);
  const [first] = decisions.filter(({ tool }) => tool === 'write-file');
  expect(first?.decision).toMatchObject({
    verdict: 'allow',
    findings: expect.arrayContaining([
      expect.objectContaining({ rule: 'notes/no-notes', verdict: 'allow', observed: 'deny' }),
    ]),
  });
  expect(await run.events()).toContainEqual(
    expect.objectContaining({
      type: 'decision',
      data: expect.objectContaining({
        tool: 'write-file',
        verdict: 'allow',
        reasons: expect.arrayContaining([
          {
            layer: 'organization',
            rule: 'notes/no-notes',
            message: 'would be `deny`: notes stay out of repositories',
          },
        ]),
      }),
    }),
  );
});
