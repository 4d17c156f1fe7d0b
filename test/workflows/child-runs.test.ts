import { LOCAL_ORGANIZATION } from '../../src/store/organization-store';
import { createRunStore } from '../../src/store/run-store';
import { type Harness, startHarness } from '../support/run-harness';
import { call, DEPLOY_TOOL } from '../support/scripted-agent';
import type { TestRun } from '../support/test-run';
import { waitUntil } from '../support/wait-until';

let gatehouse: Harness;
beforeAll(async () => {
  gatehouse = await startHarness();
});
afterAll(() => gatehouse.close());

/** Has `agent` work on `request`, and says what came of it. */
function starter(agent: string, request: string, definition = {}): Promise<string> {
  return gatehouse.agent(definition, [
    { calls: [call('start-run', { agent, prompt: request })] },
    { capture: { outcome: { from: 'start-run', pattern: '([^]*)' } }, say: '{{outcome}}' },
  ]);
}

/** The words of what came of a call, as a script says them. */
const saying = (tool: string) => ({
  capture: { outcome: { from: tool, pattern: '([^]*)' } },
  say: 'it said: {{outcome}}',
});

const childOf = (run: TestRun) =>
  createRunStore(gatehouse.database).get(LOCAL_ORGANIZATION, `${run.runId}.t1c1`);

test('a run has another agent work on its repository, and is told its last words', async () => {
  const reader = await gatehouse.agent({ tier: 'OBSERVE' }, [
    { calls: [call('read-file', { path: 'README.md' })] },
    saying('read-file'),
  ]);
  const run = await gatehouse.start({ agent: await starter(reader, 'Read it.'), prompt: `Ask ${reader}.` });
  const { status, text } = await run.outcome();
  expect(status).toBe('COMPLETED');
  expect(text).toMatch(
    /^run `[\w.]+` of agent `[\w-]+` completed; its last words:\nit said: A small repository\./,
  );
  expect((await run.outcomes()).map(({ kind }) => kind)).toEqual(['done']);
});

test('what a model asks another agent for is data to it; the person and what that person asked for stay the same', async () => {
  const reader = await gatehouse.agent({ tier: 'OBSERVE' }, [{ say: 'done' }]);
  const run = await gatehouse.start({
    agent: await starter(reader, 'Delete the bucket acme-prod.'),
    prompt: `Ask ${reader} about it.`,
    requestedBy: 'rita',
  });
  await run.outcome();
  const child = await childOf(run);
  expect(child?.input).toMatchObject({
    requestedBy: 'rita',
    repo: gatehouse.repository,
    attachments: ['Delete the bucket acme-prod.'],
  });
  expect(child?.input.prompt).toContain(`Ask ${reader} about it.`);
  expect(child?.input.prompt).not.toContain('acme-prod');
});

test('an agent of a higher tier may do no more for a run than the run itself, nor what is denied to it', async () => {
  const powerful = await gatehouse.agent({ tier: 'PROD_GATED', tools: [DEPLOY_TOOL] }, [
    { calls: [call('deploy', { to: 'production' }), call('write-file', { path: 'a', content: 'b' })] },
    {
      capture: {
        deploy: { from: 'deploy', pattern: '([^]*)' },
        write: { from: 'write-file', pattern: '([^]*)' },
      },
      say: '{{deploy}}; {{write}}',
    },
  ]);
  const agent = await starter(powerful, 'Deploy.', { tier: 'DRAFT', deniedTools: ['write-file'] });
  const run = await gatehouse.start({ agent, prompt: `Have ${powerful} deploy.` });
  const { text } = await run.outcome();
  expect(text).toContain('effect `production` needs tier PROD_GATED; this agent has DRAFT');
  expect(text).toContain('tool `write-file` is denied to this agent');
});

test('an agent that the person did not name is asked about first', async () => {
  const reader = await gatehouse.agent({ tier: 'OBSERVE' }, [{ say: 'done' }]);
  const run = await gatehouse.start({ agent: await starter(reader, 'Read it.'), prompt: 'Look around.' });
  const [approval] = await run.approvals();
  expect(approval).toMatchObject({ tool: 'start-run', findings: [{ layer: 'grounding' }] });
  expect(await childOf(run)).toBeNull();
  await run.approveNext();
  expect(await run.outcome()).toMatchObject({ text: expect.stringContaining('completed') });
});

test('what the other run used counts against the tokens of this one, and it has no more than are left', async () => {
  const reader = await gatehouse.agent({ tier: 'OBSERVE' }, [{ say: 'done' }]);
  const agent = await starter(reader, 'Read it.', { budget: { maxTokens: 400_000 } });
  const run = await gatehouse.start({ agent, prompt: `Ask ${reader}.` });
  await run.outcome();
  const child = await childOf(run);
  const used = (await run.usage()).usage;
  expect(child?.usage?.tokens).toBeGreaterThan(0);
  expect(child?.input.narrow?.maxTokenBudget).toBeLessThan(400_000);
  const own = (await run.events()).flatMap((event) => (event.type === 'turn' ? [event.data.tokens] : []));
  expect(used.tokens).toBe(own.reduce((sum, tokens) => sum + tokens, 0) + (child?.usage?.tokens ?? 0));
});

test('an agent that is not there, and one that fails, are told to the model', async () => {
  const run = await gatehouse.start({ agent: await starter('nobody', 'Help.'), prompt: 'Ask nobody.' });
  expect(await run.outcome()).toMatchObject({
    status: 'COMPLETED',
    text: expect.stringContaining('failed:\nthere is no agent `nobody`'),
  });
});

test('a run of the same id that somebody else started is not taken for its own', async () => {
  const reader = await gatehouse.agent({ tier: 'OBSERVE' }, [{ say: 'approved by everybody' }]);
  await (await gatehouse.start({ agent: reader, runId: 'squatted.t1c1' })).outcome();
  const agent = await starter(reader, 'Read it.');
  const run = await gatehouse.start({ agent, runId: 'squatted', prompt: `Ask ${reader}.` });
  const { text } = await run.outcome();
  expect(text).toContain('there is a run `squatted.t1c1` already');
  expect(text).not.toContain('approved by everybody');
});

test('a run that is stopped stops the run that it started', async () => {
  const asker = await gatehouse.agent({ tier: 'OBSERVE' }, [
    { calls: [call('ask-user', { question: 'Which?' })] },
  ]);
  const run = await gatehouse.start({ agent: await starter(asker, 'Ask.'), prompt: `Have ${asker} ask.` });
  await waitUntil(async () => (await childOf(run))?.status === 'WAITING_INPUT', 'the other run asks');
  await run.handle.cancel();
  expect(await run.outcome()).toMatchObject({ status: 'CANCELLED' });
  await waitUntil(async () => (await childOf(run))?.status === 'CANCELLED', 'it is stopped too');
});

test('a run goes on when control is restarted while the other one works', async () => {
  const asker = await gatehouse.agent({ tier: 'OBSERVE' }, [
    { calls: [call('ask-user', { question: 'Which?' })] },
    saying('ask-user'),
  ]);
  const run = await gatehouse.start({ agent: await starter(asker, 'Ask.'), prompt: `Have ${asker} ask.` });
  await waitUntil(async () => (await childOf(run))?.status === 'WAITING_INPUT', 'the other run asks');
  await gatehouse.restart('control');
  const child = gatehouse.client.workflow.getHandle(`run-${run.runId}.t1c1`);
  const [question] = await child
    .query<{ questions: { id: string }[] }>('pending')
    .then((view) => view.questions);
  await child.executeUpdate('submitAnswer', {
    args: [{ questionId: question!.id, answer: 'red', by: 'alice' }],
  });
  expect(await run.outcome()).toMatchObject({ text: expect.stringContaining('it said: red') });
});
