import { type Harness, startHarness } from '../support/run-harness';
import { call, DEPLOY_TOOL } from '../support/scripted-agent';
import type { HistoryEvent, TestRun } from '../support/test-run';
import { waitUntil } from '../support/wait-until';

let gatehouse: Harness;
let agent: string;
beforeAll(async () => {
  gatehouse = await startHarness();
  agent = await gatehouse.agent({ name: 'viewed', tier: 'PROD_GATED', tools: [DEPLOY_TOOL] }, [
    { calls: [call('read-file', { path: 'main.tf' }), call('list-files')] },
    {
      calls: [
        call('deploy', { to: 'production `rm` \u202e**bold**' }),
        call('ask-user', { question: 'Now?\u200b' }),
      ],
    },
    { say: 'done' },
  ]);
});
afterAll(() => gatehouse.close());

const details = async (run: TestRun) => {
  const metadata = await run.handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
  return metadata.currentDetails;
};

function summaryOf(event: HistoryEvent): string {
  const data = event.userMetadata?.summary?.data;
  return data ? JSON.parse(Buffer.from(data).toString('utf8')) : '';
}

test('an operator sees in Temporal what a run is, what it waits for and how to answer by hand', async () => {
  const run = await gatehouse.start({ agent });
  const [approval] = await run.approvals();
  const question = await run.question();
  const description = await run.handle.describe();
  expect(description.searchAttributes).toMatchObject({
    GatehouseOrganization: ['local'],
    GatehouseAgent: ['viewed'],
    GatehouseStatus: ['WAITING_APPROVAL'],
    GatehouseTier: ['PROD_GATED'],
  });
  const shown = await details(run);
  expect(shown).toContain('**WAITING_APPROVAL** · agent `viewed` · turn 2');
  expect(shown).toContain(`**Approval ${approval!.id}**`);
  expect(shown).toContain('every production call needs a person');
  expect(shown).toContain(
    `temporal workflow signal --workflow-id ${run.handle.workflowId} --name decide --input '{"approvalId":"${approval!.id}","decision":"approve","actionHash":"${approval!.actionHash}","by":"YOU"}'`,
  );
  expect(shown).toContain(`"questionId":"${question.id}"`);
  // What the model wrote is shown as data: nothing of it can hide, or leave its place.
  expect(shown).toContain('\\u{202e}');
  expect(shown).toContain('Now?\\u{200b}');
  expect(shown).not.toMatch(/[\u202e\u200b]/);
  expect(shown).not.toContain('`rm`');

  await run.approveNext();
  await run.answerNext('yes');
  await run.outcome();
  expect(await details(run)).toContain('**COMPLETED**');
  expect(await details(run)).not.toContain('temporal workflow signal');
  expect((await run.handle.describe()).searchAttributes).toMatchObject({ GatehouseStatus: ['COMPLETED'] });
});

test('activities and timers say in a line what they are', async () => {
  const run = await gatehouse.start({ agent });
  const approval = await run.approveNext();
  const question = await run.answerNext('yes');
  await run.outcome();
  const history = await run.history();
  const summaries = (type: string) => history.filter((event) => event.type === type).map(summaryOf);
  expect(summaries('activityTaskScheduled')).toEqual([
    expect.any(String),
    'turn 1',
    expect.any(String),
    'turn 2, after read-file, list-files',
    expect.stringMatching(/^deploy \{"to":"production/),
    'turn 3',
    expect.any(String),
    'remove the workspace',
  ]);
  expect(summaries('timerStarted')).toEqual(
    expect.arrayContaining([`approval ${approval.id}: deploy`, `question ${question.id}: Now?\\u{200b}`]),
  );
});

test('runs are found by their search attributes', async () => {
  const run = await gatehouse.start({ agent });
  await run.approvals();
  const found: string[] = [];
  const query = "GatehouseStatus = 'WAITING_APPROVAL' AND GatehouseAgent = 'viewed'";
  await waitUntil(async () => {
    for await (const { workflowId } of gatehouse.client.workflow.list({ query })) found.push(workflowId);
    return found.includes(run.handle.workflowId);
  }, 'the run is found');
  await run.handle.cancel();
});
