import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, createServer as createSocketServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ProgramAnswer } from '../../src/domain/program-question';
import { createKeptSockets } from '../../src/sandbox/kept-sockets';
import { openQuestionSocket } from '../../src/sandbox/question-socket';

const CLIENT = join(__dirname, '../../src/client/ask-user.js');
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-client-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (program: string[], socket?: string) =>
  promisify(execFile)(process.execPath, program, { env: socket ? { GATEHOUSE_SOCKET: socket } : {} });

async function withQuestions(
  answer: (question: string, options: string[]) => ProgramAnswer,
  work: (socket: string, asked: string[]) => Promise<void>,
): Promise<void> {
  const asked: string[] = [];
  const ask = async ({ question, options }: { question: string; options: string[] }) => {
    asked.push(question);
    return answer(question, options);
  };
  const questions = await openQuestionSocket('run-1', { ask }, createKeptSockets());
  try {
    await work(questions.socket, asked);
  } finally {
    questions.close();
  }
}

const picksFirst = (_question: string, [first = 'none']: string[]): ProgramAnswer => ({
  kind: 'answered',
  answer: first,
});

test('as a program it prints the answer, with plain Node and nothing else', async () => {
  await withQuestions(picksFirst, async (socket) => {
    expect((await run([CLIENT, 'Which?', 'logs', 'backups'], socket)).stdout).toBe('logs\n');
  });
});

test('as a package it is imported by its name, from both kinds of modules', async () => {
  await withQuestions(picksFirst, async (socket) => {
    for (const [type, text] of [
      [
        'commonjs',
        `const { askUser } = require('gatehouse/ask-user'); askUser('Which?', ['a']).then(console.log)`,
      ],
      ['module', `import { askUser } from 'gatehouse/ask-user'; console.log(await askUser('Which?', ['a']))`],
    ])
      expect((await run([`--input-type=${type}`, '--eval', text!], socket)).stdout).toBe('a\n');
  });
});

test('a connection that breaks is made again, and nobody is asked twice', async () => {
  await withQuestions(picksFirst, async (socket, asked) => {
    let connections = 0;
    const shaky = createSocketServer((client) => {
      const nth = ++connections;
      const upstream = connect(socket);
      client.on('error', () => upstream.destroy());
      upstream.on('error', () => client.destroy());
      client.pipe(upstream);
      // The first is cut before it is heard, the second within its answer.
      if (nth === 1) client.destroy();
      else if (nth === 2)
        upstream.once('data', (answer) => client.write(answer.subarray(0, 40), () => client.destroy()));
      else upstream.pipe(client);
    });
    const path = join(folder, 'shaky.sock');
    await new Promise<void>((resolve) => shaky.listen(path, resolve));
    expect((await run([CLIENT, 'Which?', 'a'], path)).stdout).toBe('a\n');
    expect(connections).toBe(3);
    expect(asked).toEqual(['Which?']);
    shaky.close();
  });
});

test('a refusal is said once, and ends the program', async () => {
  const refuse = (): ProgramAnswer => ({ kind: 'refused', reason: 'refused by policy', isTemporary: false });
  await withQuestions(refuse, async (socket, asked) => {
    await expect(run([CLIENT, 'May I?'], socket)).rejects.toMatchObject({
      code: 1,
      stderr: 'ask-user: refused by policy\n',
    });
    expect(asked).toHaveLength(1);
  });
});

test('what cannot be asked now is asked again', async () => {
  let tries = 0;
  const later = (): ProgramAnswer =>
    ++tries < 2
      ? { kind: 'refused', reason: 'later', isTemporary: true }
      : { kind: 'answered', answer: 'now' };
  await withQuestions(later, async (socket) => {
    expect((await run([CLIENT, 'Now?'], socket)).stdout).toBe('now\n');
  });
});

test('outside of a run it says so', async () => {
  await expect(run([CLIENT, 'Which?'])).rejects.toMatchObject({
    stderr: expect.stringContaining('GATEHOUSE_SOCKET is not set'),
  });
});

test('an answer that is no answer of ours is refused', async () => {
  const path = join(folder, 'other.sock');
  const other = createServer((_request, response) =>
    response.writeHead(500).end('{"error":{"code":"x","message":"y"}}'),
  );
  await new Promise<void>((resolve) => other.listen(path, resolve));
  await expect(run([CLIENT, 'Which?'], path)).rejects.toMatchObject({ stderr: 'ask-user: y\n' });
  other.close();
});
