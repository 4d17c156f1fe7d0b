import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { waitUntil } from './wait-until';

/** What a receiver got. */
export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  /** Milliseconds since the epoch. */
  at: number;
}

export interface ReceiverAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

/** Somebody who is told things, on the loopback. */
export async function startReceiver(port = 0) {
  const received: Received[] = [];
  const answers: ReceiverAnswer[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      received.push({ path: request.url ?? '', headers: request.headers, body, at: Date.now() });
      const answer = answers.shift() ?? { status: 204 };
      response.writeHead(answer.status, answer.headers).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo;
  return {
    received,
    port: address.port,
    host: `127.0.0.1:${address.port}`,
    url: `http://127.0.0.1:${address.port}/hook`,
    /** Answers the next requests so, then 204. */
    willAnswer(...next: ReceiverAnswer[]) {
      answers.push(...next);
    },
    async gets(count: number, withinMs = 30_000): Promise<Received[]> {
      await waitUntil(() => received.length >= count, `${count} notifications arrived`, withinMs);
      return received;
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
