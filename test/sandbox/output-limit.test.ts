import { limited, MAX_ENCODED_BYTES, MAX_SHOWN_BYTES } from '../../src/sandbox/output-limit';

const artifacts = { put: async () => 'a'.repeat(64) };
const encoded = (text: string) => Buffer.byteLength(JSON.stringify(text));

test('what fits is shown as it is', async () => {
  const text = 'x'.repeat(MAX_SHOWN_BYTES);
  expect(await limited(text, artifacts)).toEqual({ text });
});

test('of what does not fit, head and tail are shown and the whole is kept', async () => {
  const { text, artifact } = await limited(`first${'x'.repeat(100_000)}last`, artifacts);
  expect(text).toMatch(/^first.*\[… \d+ of 100009 bytes left out here …\].*last$/s);
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_SHOWN_BYTES);
  expect(artifact).toBe('a'.repeat(64));
});

test.each([
  ['short', 10_000],
  ['long', 100_000],
])('a %s output of control characters is shown so far as it fits as JSON', async (_, length) => {
  const { text, artifact } = await limited(`first${'\u0001'.repeat(length)}last`, artifacts);
  expect(text).toMatch(/^first.*bytes left out here.*last$/s);
  expect(encoded(text)).toBeLessThanOrEqual(MAX_ENCODED_BYTES);
  expect(artifact).toBe('a'.repeat(64));
});
