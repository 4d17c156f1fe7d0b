import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultPayloadConverter } from '@temporalio/common';
import { createPayloadCodec } from '../../src/codec/payload-codec';
import { ensurePayloadKeys, readPayloadKeys } from '../../src/codec/payload-keys';

const ROOT = join(__dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'gatehouse-services-'));
const file = ensurePayloadKeys(join(folder, 'keys.json'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The program of the page, with a few lines that hand payloads through. */
function serviceDoes(
  work: 'encode' | 'decode',
  payloads: { metadata: Record<string, string>; data: string }[],
  context: { workflowId?: string } = {},
) {
  const page = readFileSync(join(ROOT, 'docs/services.md'), 'utf8');
  const program = /```js\n(\/\/ codec\.mjs\n[\s\S]*?)```/.exec(page)![1]!;
  const caller = `
    const bytes = (text) => Buffer.from(text, 'base64');
    const texts = (map) => Object.fromEntries(Object.entries(map).map(([name, value]) => [name, Buffer.from(value).toString('base64')]));
    const given = JSON.parse(process.argv[1]).map(({ metadata, data }) => ({
      metadata: Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, bytes(value)])), data: bytes(data) }));
    const done = await codecOf(process.argv[2])['${work}'](given, ${JSON.stringify(context)});
    console.log(JSON.stringify(done.map(({ metadata, data }) => ({ metadata: texts(metadata), data: Buffer.from(data).toString('base64') }))));`;
  const output = execFileSync(
    process.execPath,
    ['--input-type=module', '--eval', program + caller, JSON.stringify(payloads), file],
    { cwd: ROOT, encoding: 'utf8' },
  );
  return JSON.parse(output) as typeof payloads;
}

const codec = createPayloadCodec(readPayloadKeys(file));
const asText = (payload: { metadata?: Record<string, Uint8Array> | null; data?: Uint8Array | null }) => ({
  metadata: Object.fromEntries(
    Object.entries(payload.metadata ?? {}).map(([name, value]) => [
      name,
      Buffer.from(value).toString('base64'),
    ]),
  ),
  data: Buffer.from(payload.data ?? []).toString('base64'),
});

test('the codec that services copy reads what we encrypt, long or short, and we what it encrypts', async () => {
  const values = ['short', { text: 'all work and no play '.repeat(200) }];
  const ours = values.map((value) => defaultPayloadConverter.toPayload(value)!);
  expect(serviceDoes('decode', (await codec.encode(ours)).map(asText))).toEqual(ours.map(asText));
  const theirs = serviceDoes('encode', ours.map(asText)).map(({ metadata, data }) => ({
    metadata: Object.fromEntries(
      Object.entries(metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')]),
    ),
    data: Buffer.from(data, 'base64'),
  }));
  expect((await codec.decode(theirs)).map(asText)).toEqual(ours.map(asText));
});

test('it says of which run a payload is, and reads what says so', async () => {
  const ours = [defaultPayloadConverter.toPayload('a prompt')!];
  const [theirs] = serviceDoes('encode', ours.map(asText), { workflowId: 'run-7' });
  const bytes = {
    metadata: Object.fromEntries(
      Object.entries(theirs!.metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')]),
    ),
    data: Buffer.from(theirs!.data, 'base64'),
  };
  expect(codec.open([bytes])[0]!.of).toEqual({ kind: 'workflow', id: 'run-7' });
  const [read] = serviceDoes('decode', [asText(bytes)]);
  expect(Buffer.from(read!.data, 'base64').toString()).toBe('"a prompt"');
});
