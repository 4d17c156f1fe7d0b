import { request } from 'node:http';
import type { ProgramAnswer } from '../../src/domain/program-question';
import { createKeptSockets } from '../../src/sandbox/kept-sockets';
import { openQuestionSocket, type QuestionSocket } from '../../src/sandbox/question-socket';
import { waitUntil } from '../support/wait-until';

interface Put {
  number: number;
  attempt: number;
  question: string;
  options: string[];
  answer(outcome: ProgramAnswer): void;
}

const sockets = createKeptSockets();
let put: Put[];
let questions: QuestionSocket;
beforeEach(async () => {
  put = [];
  questions = await open();
});
afterEach(() => questions.close());

function open(runId = 'run-1'): Promise<QuestionSocket> {
  const ask = (asked: Omit<Put, 'answer'>) =>
    new Promise<ProgramAnswer>((answer) => put.push({ ...asked, answer }));
  return openQuestionSocket(runId, { ask }, sockets);
}

interface Sent {
  answer: Promise<{ status: number; body: { answer?: string; error?: { code: string; message: string } } }>;
  cut(): void;
}

function send(
  body: string | Buffer,
  { key, path = '/ask-user', method = 'POST' }: { key?: string; path?: string; method?: string } = {},
): Sent {
  const headers = key === undefined ? {} : { 'idempotency-key': key };
  const sent = request({ socketPath: questions.socket, path, method, headers, agent: false });
  const answer = new Promise<Awaited<Sent['answer']>>((resolve, reject) => {
    sent.on('error', reject);
    sent.on('response', (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }));
    });
  });
  answer.catch(() => undefined);
  sent.end(body);
  return { answer, cut: () => sent.destroy() };
}

const ask = (question: string, key?: string) => send(JSON.stringify({ question }), { key });
const asked = (count: number) => waitUntil(() => put.length >= count, `${count} questions were put`);

test('a question waits for its answer', async () => {
  const sent = send(JSON.stringify({ question: ' Which? ', options: ['a', 'b'] }));
  await asked(1);
  expect(put[0]).toMatchObject({ number: 1, attempt: 0, question: 'Which?', options: ['a', 'b'] });
  put[0]!.answer({ kind: 'answered', answer: 'a' });
  expect(await sent.answer).toEqual({ status: 200, body: { answer: 'a' } });
});

test('a client that was cut off gets the answer to its question, which is not asked again', async () => {
  const first = ask('Which?', 'key');
  await asked(1);
  first.cut();
  const second = ask('Which?', 'key');
  await waitUntil(() => questions.clock.isWaiting, 'it waits again');
  put[0]!.answer({ kind: 'answered', answer: 'a' });
  expect((await second.answer).body).toEqual({ answer: 'a' });
  // Even when the answer itself was lost on the way.
  expect((await ask('Which?', 'key').answer).body).toEqual({ answer: 'a' });
  expect(put).toHaveLength(1);
});

test('without a key a client that was cut off is known by its question, and another one is not', async () => {
  const first = ask('Which?');
  await asked(1);
  const beside = ask('Which?');
  await asked(2);
  first.cut();
  await waitUntil(() => questions.clock.isWaiting, 'the other one waits');
  await expect(first.answer).rejects.toThrow();
  const again = ask('Which?');
  put[0]!.answer({ kind: 'answered', answer: 'one' });
  put[1]!.answer({ kind: 'answered', answer: 'two' });
  expect((await beside.answer).body).toEqual({ answer: 'two' });
  expect((await again.answer).body).toEqual({ answer: 'one' });
  expect(put).toHaveLength(2);
});

test('a key names one question', async () => {
  ask('Which?', 'key');
  await asked(1);
  expect((await ask('Another?', 'key').answer).status).toBe(409);
});

test('the clock stands still only while a client waits', async () => {
  const sent = ask('Which?', 'key');
  await waitUntil(() => questions.clock.isWaiting, 'it waits');
  sent.cut();
  await waitUntil(() => !questions.clock.isWaiting, 'it does not wait any more');
});

test('a final refusal says why, and one for now may be tried again as the same question', async () => {
  const refused = ask('May I?');
  await asked(1);
  put[0]!.answer({ kind: 'refused', reason: 'refused by policy', isTemporary: false });
  expect(await refused.answer).toEqual({
    status: 403,
    body: { error: { code: 'question-refused', message: 'refused by policy' } },
  });
  const early = ask('Now?', 'key');
  await asked(2);
  put[1]!.answer({ kind: 'refused', reason: 'later', isTemporary: true });
  expect((await early.answer).status).toBe(503);
  const again = ask('Now?', 'key');
  await asked(3);
  expect(put[2]).toMatchObject({ number: put[1]!.number, attempt: 1 });
  put[2]!.answer({ kind: 'answered', answer: 'yes' });
  expect((await again.answer).body).toEqual({ answer: 'yes' });
});

test('three questions may be open, and twenty be asked', async () => {
  for (const each of [1, 2, 3]) ask(`Which ${each}?`, String(each));
  await asked(3);
  expect(await ask('A fourth?').answer).toMatchObject({
    status: 503,
    body: { error: { code: 'too-many-open' } },
  });
  for (const each of put) each.answer({ kind: 'answered', answer: 'a' });
  for (let count = 4; count <= 20; count++) {
    const next = ask(`Which ${count}?`, String(count));
    await asked(count);
    put.at(-1)!.answer({ kind: 'answered', answer: 'a' });
    await next.answer;
  }
  expect(await ask('One more?').answer).toMatchObject({ status: 429 });
});

test.each<[string, string | Buffer, object, number]>([
  ['no JSON', 'question=yes', {}, 400],
  ['half of JSON', '{"question": "Wh', {}, 400],
  ['no question', '{}', {}, 400],
  ['a list', '[]', {}, 400],
  ['another key', '{"question": "Which?", "runId": "other"}', {}, 400],
  ['an empty question', '{"question": " \\n "}', {}, 400],
  ['a number', '{"question": 3}', {}, 400],
  ['a long question', JSON.stringify({ question: 'x'.repeat(4_001) }), {}, 400],
  ['many options', JSON.stringify({ question: 'Which?', options: Array(21).fill('x') }), {}, 400],
  ['a long option', JSON.stringify({ question: 'Which?', options: ['x'.repeat(501)] }), {}, 400],
  ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x00]), {}, 400],
  ['deep nesting', `{"question": ${'['.repeat(20_000)}`, {}, 400],
  ['a long key', '{"question": "Which?"}', { key: 'k'.repeat(300) }, 400],
  ['another path', '{"question": "Which?"}', { path: '/ask-user/../decide' }, 404],
  ['another method', '{"question": "Which?"}', { method: 'PUT' }, 405],
])('%s is refused, and nobody is asked', async (_what, body, options, status) => {
  const { status: got, body: said } = await send(body, options).answer;
  expect(got).toBe(status);
  expect(said.error?.message).toMatch(/^[a-z`]/);
  expect(put).toEqual([]);
});

test('a huge body is cut off', async () => {
  const outcome = await send(Buffer.alloc(8 * 1024 * 1024, 'x')).answer.catch(() => ({ status: 413 }));
  expect(outcome.status).toBe(413);
  expect(put).toEqual([]);
});

test('a call that has ended is asked nothing more, and its run finds its socket again', async () => {
  const sent = ask('Which?', 'key');
  await asked(1);
  questions.close();
  await expect(sent.answer).rejects.toThrow();
  const before = questions.socket;
  questions = await open();
  expect(questions.socket).toBe(before);
  ask('Another?', 'key');
  await asked(2);
  expect(put[1]).toMatchObject({ number: 1, question: 'Another?' });
});

test('calls of one run at once, and those of another run, have sockets of their own', async () => {
  const other = await open();
  const foreign = await open('run-2');
  expect(new Set([questions.socket, other.socket, foreign.socket]).size).toBe(3);
  for (const each of [other, foreign]) each.close();
});
