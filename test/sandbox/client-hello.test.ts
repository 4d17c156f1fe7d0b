import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { connect } from 'node:tls';
import { readFirstBytes } from '../../src/sandbox/client-hello';

/** The first flight of Node's own client. */
async function helloFor(servername: string | undefined): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', servername });
  client.on('error', () => {});
  const [socket] = (await once(server, 'connection')) as [Socket];
  const [bytes] = await once(socket, 'data');
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}

/** The same handshake in records of so many bytes. */
function inRecords(hello: Buffer, size: number): Buffer {
  const body = hello.subarray(5);
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; at += size) {
    const part = body.subarray(at, at + size);
    parts.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part);
  }
  return Buffer.concat(parts);
}

test('the name is read from a whole hello, from one in many records, and with more behind it', async () => {
  const hello = await helloFor('Example.com');
  const found = { kind: 'client-hello', serverName: 'Example.com', hidesName: false };
  for (const bytes of [hello, inRecords(hello, 7), Buffer.concat([hello, Buffer.from([20, 3, 3, 0, 1, 1])])])
    expect(readFirstBytes(bytes)).toEqual(found);
});

test('every start of a hello is incomplete', async () => {
  for (const bytes of [await helloFor('example.com'), inRecords(await helloFor('example.com'), 100)])
    for (let length = 0; length < bytes.length; length++)
      expect(readFirstBytes(bytes.subarray(0, length))).toEqual({ kind: 'incomplete' });
});

test('no name, an encrypted name, and what is no TLS are told apart', async () => {
  expect(readFirstBytes(await helloFor(undefined))).toMatchObject({ serverName: null });
  expect(readFirstBytes(Buffer.from('GET / HTTP/1.1\r\n'))).toEqual({ kind: 'not-tls' });
  const hello = withExtension(await helloFor('example.com'), 0xfe0d, Buffer.from([0, 1, 2]));
  expect(readFirstBytes(hello)).toMatchObject({ kind: 'client-hello', hidesName: true });
});

test('two names, a name that runs out, and other nonsense are malformed', async () => {
  const second = Buffer.from([0, 7, 0, 0, 4, ...Buffer.from('evil')]);
  const hello = await helloFor('example.com');
  for (const bytes of [
    withExtension(hello, 0, second),
    withExtension(await helloFor(undefined), 0, Buffer.from([0, 9, 0, 0, 99])),
    Buffer.from([22, 3, 1, 0, 0]),
    Buffer.from([22, 9, 1, 0, 4, 1, 0, 0, 0]),
    Buffer.from([22, 3, 1, 0, 4, 2, 0, 0, 0]),
    Buffer.from([22, 3, 1, 0, 4, 1, 255, 255, 255]),
    Buffer.from([22, 3, 1, 0, 4, 1, 0, 0, 0]),
  ])
    expect(readFirstBytes(bytes)).toEqual({ kind: 'malformed' });
});

/** A hello with one more extension at its end, all lengths made right. */
function withExtension(hello: Buffer, type: number, data: Buffer): Buffer {
  const extension = Buffer.concat([Buffer.alloc(4), data]);
  extension.writeUInt16BE(type, 0);
  extension.writeUInt16BE(data.length, 2);
  const bytes = Buffer.concat([hello, extension]);
  bytes.writeUInt16BE(bytes.length - 5, 3);
  bytes.writeUIntBE(bytes.length - 9, 6, 3);
  let at = 5 + 4 + 2 + 32;
  at += 1 + bytes.readUInt8(at);
  at += 2 + bytes.readUInt16BE(at);
  at += 1 + bytes.readUInt8(at);
  bytes.writeUInt16BE(bytes.length - at - 2, at);
  return bytes;
}
