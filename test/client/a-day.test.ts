import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askUser } from '../../src/client/ask-user';

const HOUR_MS = 60 * 60 * 1000;
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-client-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// Only the clock of the client: connections are real.
beforeEach(() => {
  jest.useFakeTimers({
    doNotFake: ['hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate', 'clearImmediate'],
  });
});
let server: Server;
afterEach(() => {
  jest.useRealTimers();
  server.close();
});

/** Takes connections at a socket. */
async function listen(name: string, onConnection: (client: Socket) => void): Promise<void> {
  server = createServer((client) => {
    client.on('error', () => undefined);
    onConnection(client);
  });
  process.env.GATEHOUSE_SOCKET = join(folder, name);
  await new Promise<void>((resolve) => server.listen(process.env.GATEHOUSE_SOCKET, resolve));
}

/** Lets the client's pauses pass until it settles. */
async function passing<T>(asked: Promise<T>): Promise<T> {
  let isSettled = false;
  const settled = asked.finally(() => {
    isSettled = true;
  });
  settled.catch(() => undefined);
  while (!isSettled) {
    jest.advanceTimersByTime(jest.getTimerCount() > 0 ? 10_000 : 0);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return settled;
}

test('while connections break, it asks again all day, with one key, and hears the answer', async () => {
  const startedAt = Date.now();
  const keys = new Set<string>();
  await listen('late.sock', (client) => {
    client.once('data', (data) => {
      keys.add(/idempotency-key: (.*)/i.exec(String(data))?.[1] ?? '');
      if (Date.now() - startedAt < 23.9 * HOUR_MS) return client.destroy();
      const body = JSON.stringify({ answer: 'the second' });
      client.end(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`);
    });
  });
  expect(await passing(askUser('Which?'))).toBe('the second');
  expect(Date.now() - startedAt).toBeGreaterThan(23.9 * HOUR_MS);
  expect([...keys]).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/)]);
});

test('when nothing answers for longer than people have, it says so', async () => {
  const startedAt = Date.now();
  await listen('never.sock', (client) => client.destroy());
  await expect(passing(askUser('Which?'))).rejects.toMatchObject({ code: 'unreachable' });
  expect(Date.now() - startedAt).toBeGreaterThan(24 * HOUR_MS);
});
