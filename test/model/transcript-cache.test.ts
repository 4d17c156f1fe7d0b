import { createHash } from 'node:crypto';
import type { TranscriptEntry } from '../../src/domain/transcript';
import { append, positionOf } from '../../src/model/hashed-transcript';
import { createTranscriptCache } from '../../src/model/transcript-cache';

const said = (text: string): TranscriptEntry => ({ role: 'notice', text });
const transcript = append([], ['one', 'two', 'three'].map(said));

test('the hash chains over canonical JSON, whatever the order of keys', () => {
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const first = sha256('{"role":"notice","text":"one"}');
  expect(transcript[0]?.hash).toBe(first);
  expect(transcript[1]?.hash).toBe(sha256(`${first}{"role":"notice","text":"two"}`));
  expect(append([], [{ text: 'one', role: 'notice' }])[0]?.hash).toBe(first);
});

test('a prefix is found at its length and hash', () => {
  const cache = createTranscriptCache();
  cache.store('run', transcript);
  expect(cache.prefix('run', positionOf(transcript))).toEqual(transcript);
  expect(cache.prefix('run', { length: 0, hash: '' })).toEqual([]);
});

test('what a failed attempt added is cut off instead of missing', () => {
  const cache = createTranscriptCache();
  cache.store('run', append(transcript, [said('an answer that was lost')]));
  expect(cache.prefix('run', positionOf(transcript))).toEqual(transcript);
});

test('a transcript that differs, is too short or belongs to another run is not used', () => {
  const cache = createTranscriptCache();
  cache.store('run', transcript);
  const other = append([], ['one', 'TWO', 'three'].map(said));
  expect(cache.prefix('run', positionOf(other))).toBeUndefined();
  expect(cache.prefix('run', { length: 4, hash: positionOf(transcript).hash })).toBeUndefined();
  expect(cache.prefix('run', { length: 0, hash: 'beef' })).toBeUndefined();
  expect(cache.prefix('another', positionOf(transcript))).toBeUndefined();
});

test('the cache stays within its bytes: the run not used for longest goes', () => {
  const cache = createTranscriptCache(100_000);
  const large = append([], [said('x'.repeat(20_000))]);
  cache.store('first', large);
  cache.store('second', large);
  expect(cache.prefix('first', positionOf(large))).toBeDefined();
  cache.store('third', large);
  expect(cache.prefix('second', positionOf(large))).toBeUndefined();
  expect(cache.prefix('first', positionOf(large))).toBeDefined();
  expect(cache.prefix('third', positionOf(large))).toBeDefined();
  const huge = append([], [said('x'.repeat(60_000))]);
  cache.store('first', huge);
  expect(cache.prefix('first', positionOf(huge))).toBeUndefined();
});
