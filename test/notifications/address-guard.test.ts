import { type CheckedAddress, createAddressGuard, isPublic } from '../../src/notifications/address-guard';

const address = (text: string): CheckedAddress => ({ address: text, family: text.includes(':') ? 6 : 4 });

test.each([
  '127.0.0.1',
  '10.1.2.3',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '0.0.0.0',
  '224.0.0.1',
  '255.255.255.255',
  '::1',
  '::',
  '::ffff:127.0.0.1',
  '64:ff9b::7f00:1',
  'fe80::1',
  'fd00::1',
  '2002:7f00:1::',
  '2001:db8::1',
  'ff02::1',
])('%s is not public', (text) => {
  expect(isPublic(address(text))).toBe(false);
});

test.each(['1.1.1.1', '172.32.0.1', '2606:4700:4700::1111'])('%s is public', (text) => {
  expect(isPublic(address(text))).toBe(true);
});

test.each([
  'https://127.0.0.1/hook',
  'https://[::1]/hook',
  'https://[::ffff:127.0.0.1]/hook',
  'https://2130706433/hook',
  'https://0x7f.1/hook',
  'https://localhost/hook',
  'https://169.254.169.254/latest/meta-data',
  'http://example.com/hook',
])('%s is refused unless the operator allows it', async (text) => {
  const guard = createAddressGuard([]);
  await expect(guard.check(new URL(text))).rejects.toMatchObject({ code: 'webhook-address-refused' });
});

test('a name of which one address is private is refused', async () => {
  const guard = createAddressGuard([], async () => [address('1.1.1.1'), address('10.0.0.1')]);
  await expect(guard.check(new URL('https://mixed.example/hook'))).rejects.toMatchObject({
    code: 'webhook-address-refused',
    message: expect.not.stringContaining('/hook'),
  });
});

test('what the operator allows is one host, at its port where one is named', async () => {
  const guard = createAddressGuard(['127.0.0.1:9000', 'hooks.internal'], async () => [address('10.0.0.1')]);
  await expect(guard.check(new URL('http://127.0.0.1:9000/'))).resolves.toHaveLength(1);
  await expect(guard.check(new URL('http://hooks.internal:81/'))).resolves.toEqual([address('10.0.0.1')]);
  await expect(guard.check(new URL('http://127.0.0.1:9001/'))).rejects.toThrow('GATEHOUSE_PRIVATE_WEBHOOKS');
  await expect(guard.check(new URL('ftp://hooks.internal/'))).rejects.toThrow('HTTPS');
});

test('a name that is not known may be known later', async () => {
  const guard = createAddressGuard([], async () => {
    throw Object.assign(new Error('queryA'), { code: 'ENOTFOUND' });
  });
  await expect(guard.check(new URL('https://nowhere.example/'))).rejects.toMatchObject({
    code: 'webhook-unreachable',
  });
});
