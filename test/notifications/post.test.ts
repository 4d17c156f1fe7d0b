import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAddressGuard } from '../../src/notifications/address-guard';
import { post, retryAfterOf } from '../../src/notifications/post';
import { startReceiver } from '../support/receiver';

const message = { headers: { 'content-type': 'application/json' }, body: '{"a":1}' };

test('a redirect is an answer, and is not followed', async () => {
  const receiver = await startReceiver();
  receiver.willAnswer({ status: 307, headers: { location: '/elsewhere' } });
  const guard = createAddressGuard([receiver.host]);
  expect(await post(new URL(receiver.url), message, { guard })).toEqual({ status: 307, retryAfterMs: null });
  expect(receiver.received.map(({ path, body }) => [path, body])).toEqual([['/hook', '{"a":1}']]);
  await receiver.close();
});

test('the connection goes to the address that was checked, whatever the name says by then', async () => {
  const receiver = await startReceiver();
  let asked = 0;
  // The second answer would lead to nothing.
  const guard = createAddressGuard([`hooks.example:${receiver.port}`], async () => [
    { address: asked++ === 0 ? '127.0.0.1' : '127.0.0.2', family: 4 },
  ]);
  const url = new URL(`http://hooks.example:${receiver.port}/hook`);
  expect(await post(url, message, { guard })).toMatchObject({ status: 204 });
  expect(asked).toBe(1);
  expect(receiver.received[0]?.headers.host).toBe(`hooks.example:${receiver.port}`);
  await receiver.close();
});

test('a receiver that does not answer is given up, and one that never ends is cut off', async () => {
  const server = createServer((request, response) => {
    if (request.url === '/endless') {
      response.writeHead(200);
      const flood = setInterval(() => response.write('x'.repeat(8_192)), 1);
      response.on('close', () => clearInterval(flood));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const guard = createAddressGuard([host]);
  await expect(
    post(new URL(`http://${host}/silent`), message, { guard, timeoutMs: 300 }),
  ).rejects.toMatchObject({
    code: 'webhook-unreachable',
    message: `\`http://${host}\` did not answer in time`,
  });
  expect(await post(new URL(`http://${host}/endless`), message, { guard })).toMatchObject({ status: 200 });
  // The flood ends with its connection, or the server would not close.
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

test('Retry-After is read in seconds and as a date, and nonsense is not', () => {
  const now = Date.parse('2026-01-31T12:00:00Z');
  expect(retryAfterOf('120', now)).toBe(120_000);
  expect(retryAfterOf('Sat, 31 Jan 2026 12:01:00 GMT', now)).toBe(60_000);
  for (const nonsense of [undefined, '', '-1', 'soon', 'Sat, 31 Jan 2026 11:00:00 GMT'])
    expect(retryAfterOf(nonsense, now)).toBeNull();
});
