import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { MAX_UNPACKED_BYTES, pack, unpack } from '../../src/codec/packing';
import { createPayloadCodec } from '../../src/codec/payload-codec';
import {
  addPayloadKey,
  ensurePayloadKeys,
  readPayloadKeys,
  removePayloadKey,
  usePayloadKey,
} from '../../src/codec/payload-keys';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-codec-'));
let files = 0;
const newFile = () => ensurePayloadKeys(join(folder, `keys-${++files}.json`));
const codecOf = (path: string) => createPayloadCodec(readPayloadKeys(path));
const payloadOf = (value: unknown): Payload => defaultPayloadConverter.toPayload(value)!;
const contentOf = (payload: Payload): unknown => defaultPayloadConverter.fromPayload(payload);
const one = async (work: (payloads: Payload[]) => Promise<Payload[]>, payload: Payload) =>
  (await work([payload]))[0]!;
const textOf = (payload: Payload) => Buffer.from(payload.data!).toString('latin1');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ['a short text', 'rm -rf'],
  ['nothing', null],
  ['a long text', 'the same line\n'.repeat(5_000)],
  ['letters beyond ASCII', { 'prüfung\u0000': ['\u{1f512}', 1.5, true] }],
])('%s comes back as it was, and does not stand in what is kept', async (_what, value) => {
  const codec = codecOf(newFile());
  const kept = await one(codec.encode, payloadOf(value));
  expect(Buffer.from(kept.metadata!.encoding!).toString()).toBe('binary/encrypted');
  expect(textOf(kept)).not.toContain('json/plain');
  expect(contentOf(await one(codec.decode, kept))).toEqual(value);
});

test('the same text is never encrypted to the same bytes', async () => {
  const codec = codecOf(newFile());
  const [first, second] = await codec.encode([payloadOf('yes'), payloadOf('yes')]);
  expect(textOf(first!)).not.toBe(textOf(second!));
});

test('a long text becomes shorter, one that cannot stays as long', async () => {
  const codec = codecOf(newFile());
  const long = await one(codec.encode, payloadOf('all work and no play '.repeat(1_000)));
  expect(long.data!.length).toBeLessThan(1_000);
  const noise = Buffer.from(
    Array.from({ length: 10_000 }, (_, index) => ((index * 7919 * 31) % 251) ^ index),
  );
  expect(pack(noise).length).toBeLessThanOrEqual(noise.length + 1);
});

test('payloads of other encodings are handed on as they are', async () => {
  const codec = codecOf(newFile());
  const before = payloadOf({ from: 'before there were keys' });
  expect(await codec.decode([before])).toEqual([before]);
});

test('after a rotation the new key encrypts, and what the old one encrypted is read', async () => {
  const file = newFile();
  const early = codecOf(file);
  const old = await one(early.encode, payloadOf('old'));
  const added = addPayloadKey(file);
  // Every process learns the key before one uses it.
  const prepared = codecOf(file);
  const meanwhile = await one(prepared.encode, payloadOf('meanwhile'));
  expect(contentOf(await one(early.decode, meanwhile))).toBe('meanwhile');
  usePayloadKey(file, added);
  const rotated = codecOf(file);
  const fresh = await one(rotated.encode, payloadOf('fresh'));
  expect(Buffer.from(fresh.metadata!['encryption-key-id']!).toString()).toBe(added);
  expect(contentOf(await one(prepared.decode, fresh))).toBe('fresh');
  expect(contentOf(await one(rotated.decode, old))).toBe('old');
  await expect(early.decode([fresh])).rejects.toMatchObject({
    code: 'payload-key-unknown',
    message: expect.stringContaining(`\`${added}\``),
  });
});

test('a key that was removed is named, with what to do', async () => {
  const file = newFile();
  const { current } = readPayloadKeys(file);
  const old = await one(codecOf(file).encode, payloadOf('old'));
  usePayloadKey(file, addPayloadKey(file));
  removePayloadKey(file, current);
  await expect(codecOf(file).decode([old])).rejects.toThrow(
    `a payload is encrypted with key \`${current}\`, which this process does not have: add it to the key file of \`GATEHOUSE_PAYLOAD_KEYS\` and start again`,
  );
});

test('another key under the same id opens nothing', async () => {
  const file = newFile();
  const kept = await one(codecOf(file).encode, payloadOf('secret'));
  const content = JSON.parse(readFileSync(file, 'utf8'));
  content.keys[0].key = Buffer.alloc(32, 7).toString('base64url');
  writeFileSync(file, JSON.stringify(content));
  await expect(codecOf(file).decode([kept])).rejects.toMatchObject({ code: 'payload-damaged' });
});

test.each([
  ['the nonce', 0],
  ['the content', 14],
  ['the tag', -1],
])('a changed byte in %s is found', async (_what, at) => {
  const codec = codecOf(newFile());
  const kept = await one(codec.encode, payloadOf('approve'));
  const data = Buffer.from(kept.data!);
  data[at < 0 ? data.length + at : at]! ^= 1;
  await expect(codec.decode([{ ...kept, data }])).rejects.toMatchObject({ code: 'payload-damaged' });
});

test.each([0, 5, 12, 27])('a payload of %d bytes does not open', async (length) => {
  const codec = codecOf(newFile());
  const kept = await one(codec.encode, payloadOf('approve'));
  const data = kept.data!.slice(0, length);
  await expect(codec.decode([{ ...kept, data }])).rejects.toMatchObject({ code: 'payload-damaged' });
});

test('the id of the key cannot be exchanged, even for one with the same key', async () => {
  const file = newFile();
  const content = JSON.parse(readFileSync(file, 'utf8'));
  content.keys.push({ id: 'twin', key: content.keys[0].key });
  writeFileSync(file, JSON.stringify(content));
  const codec = codecOf(file);
  const kept = await one(codec.encode, payloadOf('approve'));
  const moved = { ...kept, metadata: { ...kept.metadata, 'encryption-key-id': Buffer.from('twin') } };
  await expect(codec.decode([moved])).rejects.toMatchObject({ code: 'payload-damaged' });
});

test('what unpacks to more than its limit is refused before it is unpacked', () => {
  const bomb = Buffer.concat([Buffer.of(1), deflateRawSync(Buffer.alloc(MAX_UNPACKED_BYTES + 1))]);
  expect(bomb.length).toBeLessThan(10_000);
  expect(() => unpack(bomb)).toThrow(/larger than/);
  expect(() => unpack(Buffer.of(2, 0))).toThrow(RangeError);
  expect(unpack(pack(Buffer.alloc(MAX_UNPACKED_BYTES)))).toHaveLength(MAX_UNPACKED_BYTES);
  expect(unpack(pack(Buffer.alloc(MAX_UNPACKED_BYTES + 1)))).toHaveLength(MAX_UNPACKED_BYTES + 1);
});

test('a key file is made once, for its owner alone', () => {
  const file = newFile();
  const first = readFileSync(file, 'utf8');
  ensurePayloadKeys(file);
  expect(readFileSync(file, 'utf8')).toBe(first);
  chmodSync(file, 0o640);
  expect(() => readPayloadKeys(file)).toThrow('is open to others; chmod it to 0600');
});

test('the current key cannot be removed, an unknown one neither used nor removed', () => {
  const file = newFile();
  const { current } = readPayloadKeys(file);
  expect(() => removePayloadKey(file, current)).toThrow(`key \`${current}\` encrypts now`);
  expect(() => usePayloadKey(file, 'other')).toThrow(`there is no key \`other\` in \`${basename(file)}\``);
  expect(() => removePayloadKey(file, 'other')).toThrow('there is no key `other`');
});

const key = Buffer.alloc(32, 1).toString('base64url');
test.each([
  ['no JSON', 'secret-of-mine'],
  ['no keys', { current: 'a', keys: [] }],
  ['a key that is too short', { current: 'a', keys: [{ id: 'a', key: 'secret-of-mine' }] }],
  ['an id with spaces', { current: 'a b', keys: [{ id: 'a b', key }] }],
  ['an unknown word', { current: 'a', keys: [{ id: 'a', key }], note: 'secret-of-mine' }],
  [
    'two keys with one id',
    {
      current: 'a',
      keys: [
        { id: 'a', key },
        { id: 'a', key },
      ],
    },
  ],
  ['a current key that is not there', { current: 'b', keys: [{ id: 'a', key }] }],
])('a key file with %s is refused, without a word of what is in it', (_what, content) => {
  const file = join(folder, `bad-${++files}.json`);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o600 });
  expect(() => readPayloadKeys(file)).toThrow(`the key file \`${basename(file)}\` cannot be used`);
  expect(() => readPayloadKeys(file)).not.toThrow(/secret-of-mine/);
});

test('a key file that is not there is named', () => {
  expect(() => readPayloadKeys(join(folder, 'none.json'))).toThrow('the key file `none.json` cannot be used');
});

test('a payload says of which workflow it is to who has the key, and to nobody else', async () => {
  const codec = codecOf(newFile());
  const context = { type: 'workflow' as const, namespace: 'default', workflowId: 'run-7' };
  const [kept] = await codec.encode([payloadOf('secret')], context);
  expect(
    JSON.stringify(Object.values(kept!.metadata!).map((each) => Buffer.from(each).toString())),
  ).not.toContain('run-7');
  expect(textOf(kept!)).not.toContain('run-7');
  const [opened] = codec.open([kept!]);
  expect(opened!.of).toEqual({ kind: 'workflow', id: 'run-7' });
  expect(contentOf(opened!.payload)).toBe('secret');
  expect(Object.keys((await one(codec.decode, kept!)).metadata!)).toEqual(['encoding']);
  const activity = { type: 'activity' as const, namespace: 'default', workflowId: 'run-8', isLocal: false };
  expect(codec.open(await codec.encode([payloadOf(1)], activity))[0]!.of).toEqual({
    kind: 'workflow',
    id: 'run-8',
  });
  expect(codec.open([payloadOf(1)])[0]!.of).toEqual({ kind: 'clear' });
});
