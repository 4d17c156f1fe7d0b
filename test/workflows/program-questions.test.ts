import { type Harness, startHarness } from '../support/run-harness';
import { call } from '../support/scripted-agent';
import { scheduled, type TestRun } from '../support/test-run';
import { waitUntil } from '../support/wait-until';

let gatehouse: Harness;
beforeAll(async () => {
  gatehouse = await startHarness();
});
afterAll(() => gatehouse.close());

/** A user's own program, whose text nobody judges. */
const PROGRAM = {
  name: 'program',
  description: 'Runs.',
  effect: 'sandbox',
  parameters: { type: 'object', properties: {} },
  sensitive: [],
  command: [
    'bash',
    '-c',
    `curl -s --unix-socket "$GATEHOUSE_SOCKET" http://gatehouse/ask-user -d '{"question":"Curl?"}'`,
  ],
};

/** Starts a run whose one call runs this command. */
async function runs(command: string, more: Record<string, unknown> = {}): Promise<TestRun> {
  const agent = await gatehouse.agent({ tier: 'SANDBOX', ...more }, [
    { calls: [call('run-command', { command, timeoutMs: 20_000 })] },
    { say: 'done' },
  ]);
  return gatehouse.start({ agent });
}

const printed = async (run: TestRun) => {
  await run.outcome();
  return (await run.outcomes())[0]?.text.trim();
};

test('a program asks, a person answers, and the program prints the answer', async () => {
  const run = await runs("ask-user 'Which bucket?' logs backups");
  const question = await run.question();
  expect(question).toMatchObject({ question: 'Which bucket?', options: ['logs', 'backups'] });
  expect(await run.status()).toMatchObject({ status: 'WAITING_INPUT' });
  await run.answerNext('logs');
  expect(await printed(run)).toBe('logs');
  const events = await run.events();
  expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(['question', 'answer']));
  expect((await run.pending()).questions).toEqual([]);
});

test('asking counts as a tool call, and waiting is not time the run acts', async () => {
  const run = await runs("ask-user 'Go on?'");
  await run.question();
  const before = await run.usage();
  const asOf = Date.now();
  await waitUntil(() => Date.now() - asOf > 1_500, 'some time has passed');
  expect((await run.usage()).elapsedMs - before.elapsedMs).toBeLessThan(300);
  await run.answerNext('yes');
  await run.outcome();
  expect((await run.usage()).usage.toolCalls).toBe(2);
});

test('an execution that may ask has 25 hours, another one hour', async () => {
  const agent = await gatehouse.agent({ tier: 'SANDBOX' }, [
    { calls: [call('run-command', { command: 'touch x' }), call('git-commit', { message: 'x' })] },
    { say: 'done' },
  ]);
  const run = await gatehouse.start({ agent });
  await run.outcome();
  const limits = scheduled(await run.history(), 'executeTool').map(({ startToCloseTimeout }) =>
    Number(startToCloseTimeout?.seconds),
  );
  expect(limits).toEqual([25 * 3_600, 3_600]);
});

test('the time of a command stands still while its question is open', async () => {
  const agent = await gatehouse.agent({ tier: 'SANDBOX' }, [
    { calls: [call('run-command', { command: "ask-user 'Slow?'", timeoutMs: 3_000 })] },
    { say: 'done' },
  ]);
  const run = await gatehouse.start({ agent });
  await run.question();
  const shownAt = Date.now();
  await waitUntil(() => Date.now() - shownAt > 4_000, 'more than the command’s time has passed');
  await run.answerNext('no');
  expect(await printed(run)).toBe('no');
});

test('a program asks several questions, one after the other and at once', async () => {
  const run = await runs('ask-user First?; ask-user Second? & ask-user Third?; wait');
  await run.answerNext('one');
  await waitUntil(async () => (await run.pending()).questions.length === 2, 'two questions are open');
  const { questions } = await run.pending();
  for (const { id, question } of questions)
    await run.answer({ questionId: id, answer: question === 'Second?' ? 'two' : 'three' });
  expect((await printed(run))?.split('\n').sort()).toEqual(['one', 'three', 'two']);
});

test('with curl alone a person is asked', async () => {
  const agent = await gatehouse.agent({ tier: 'SANDBOX', tools: [PROGRAM] }, [
    { calls: [call('program')] },
    { say: 'done' },
  ]);
  const run = await gatehouse.start({ agent });
  await run.answerNext('by hand');
  expect(await printed(run)).toBe('{"answer":"by hand"}');
});

test('an agent to which ask-user is denied is refused the question too', async () => {
  const run = await runs("ask-user 'May I?'", { deniedTools: ['ask-user'] });
  expect(await printed(run)).toContain('ask-user: refused by policy');
  expect((await run.events()).some(({ type }) => type === 'question')).toBe(false);
});

test('a question is refused when the budget for tool calls is used up', async () => {
  const run = await runs("ask-user 'One more?'", { budget: { maxToolCalls: 1 } });
  expect(await run.outcome()).toMatchObject({ status: 'BUDGET_EXCEEDED' });
  const [said] = (await run.events()).flatMap((event) => (event.type === 'call' ? event.data.text : []));
  expect(said).toContain('ask-user: nobody is asked: Max tool calls reached');
});

test('a question that nobody answered when its program ended is withdrawn', async () => {
  const run = await runs("timeout 2 ask-user 'Too late?'; echo gone");
  const { id } = await run.question();
  expect(await printed(run)).toContain('gone');
  const answers = (await run.events()).filter(({ type }) => type === 'answer');
  expect(answers.map(({ data }) => data)).toEqual([{ questionId: id, by: null, outcome: 'withdrawn' }]);
});

test('a run that is stopped while its program asks ends, and nobody is asked any more', async () => {
  const run = await runs("ask-user 'Stopped?'");
  await run.question();
  await run.handle.cancel();
  expect(await run.outcome()).toMatchObject({ status: 'CANCELLED' });
  expect((await run.pending()).questions).toEqual([]);
});
