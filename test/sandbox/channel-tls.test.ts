import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { CanonicalCall } from '../../src/domain/call';
import { canonicalJson } from '../../src/domain/canonical-json';
import { createChannelClient } from '../../src/sandbox/channel-client';
import { startTlsChannelServer } from '../../src/sandbox/channel-server';
import { readChannelTls } from '../../src/sandbox/channel-tls';
import type { MutualTls } from '../../src/sandbox/mutual-tls';
import { makeAuthority } from '../support/certificates';
import { type Host, openHost } from './support/host';

const authority = makeAuthority('Gatehouse test authority');
const foreign = makeAuthority('Somebody else');
const never = new AbortController().signal;
const call: CanonicalCall = { id: 'r1', tool: 'read-file', args: canonicalJson({ path: 'main.tf' }) };

let host: Host;
let server: Awaited<ReturnType<typeof startTlsChannelServer>>;
beforeAll(async () => {
  host = openHost();
  await host.prepare();
  const tls = { ...authority.certify('localhost'), authority: authority.certificate };
  server = await startTlsChannelServer({ host: '127.0.0.1', port: 0, tls, executor: host.executor });
});
afterAll(async () => {
  await server.close();
  host.close();
});

/** What a runner with these certificates gets for a read that it was granted. */
async function reading(tls: MutualTls, name = 'localhost'): Promise<string> {
  const url = new URL(`https://${name}:${server.port}`);
  const client = createChannelClient({ url, tls, runnerKey: host.runner });
  const grant = await host.grant([{ ...call, effect: 'read' }], { aud: 'channel' });
  try {
    const [outcome] = await client.read({ grant, calls: [call] }, never);
    return outcome?.kind ?? '';
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    client.close();
  }
}

test('a runner with a certificate of the authority has granted reads executed', async () => {
  const tls = { ...authority.certify('runner'), authority: authority.certificate };
  expect(await reading(tls)).toBe('done');
});

test('a runner with a certificate of another authority is refused', async () => {
  expect(await reading({ ...foreign.certify('runner'), authority: authority.certificate })).toBe(
    'channel-unavailable',
  );
});

test('a runner whose certificate is expired is refused', async () => {
  expect(await reading({ ...authority.certify('runner', -1), authority: authority.certificate })).toBe(
    'channel-unavailable',
  );
});

test('a client without a certificate gets no answer', async () => {
  const socket = connect({
    host: '127.0.0.1',
    port: server.port,
    ca: authority.certificate,
    servername: 'localhost',
  });
  const answer = await new Promise<string>((resolve) => {
    socket.on('data', (chunk) => resolve(String(chunk)));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    socket.on('close', () => resolve('closed'));
    socket.write('POST /v1/reads HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n');
  });
  expect(answer).not.toContain('HTTP/1.1');
});

test('a host that another authority vouches for, or that has another name, is not believed', async () => {
  const own = authority.certify('runner');
  expect(await reading({ ...own, authority: foreign.certificate })).toBe('channel-unavailable');
  expect(await reading({ ...own, authority: authority.certificate }, '127.0.0.1')).toBe(
    'channel-unavailable',
  );
});

test('what the configuration does not name or cannot be read is said by its variable', () => {
  const file = join(host.folder, 'one.pem');
  writeFileSync(file, authority.certificate);
  expect(() => readChannelTls({ GATEHOUSE_CHANNEL_CERTIFICATE: file })).toThrow(
    expect.objectContaining({
      code: 'channel-tls-incomplete',
      message: expect.stringContaining('GATEHOUSE_CHANNEL_PRIVATE_KEY'),
    }),
  );
  expect(() => readChannelTls({ GATEHOUSE_CHANNEL_CERTIFICATE: '/nowhere' })).toThrow(
    expect.objectContaining({ code: 'channel-tls-unreadable' }),
  );
});
