import { LRUCache } from 'lru-cache';
import type { TranscriptPosition } from '../domain/transcript';
import type { HashedEntry } from './hashed-transcript';

/** The transcripts of recent runs in the runner's memory; never believed without their hash. */
export interface TranscriptCache {
  /** The entries up to a position, or undefined when they are not here or differ. */
  prefix(runId: string, position: TranscriptPosition): readonly HashedEntry[] | undefined;
  store(runId: string, transcript: readonly HashedEntry[]): void;
}

/** A string's two bytes a character, and something for the objects around it. */
const BYTES_PER_CHARACTER = 2;
const BYTES_PER_ENTRY = 500;

/** @param maxBytes about how much memory it may hold; the least recently used run goes first. @default 256 MiB */
export function createTranscriptCache(maxBytes = 256 * 1024 * 1024): TranscriptCache {
  const transcripts = new LRUCache<string, readonly HashedEntry[]>({
    maxSize: maxBytes,
    sizeCalculation: (transcript) =>
      transcript.reduce((sum, { size }) => sum + size * BYTES_PER_CHARACTER + BYTES_PER_ENTRY, 1),
  });
  return {
    prefix(runId, { length, hash }) {
      if (length === 0) return hash === '' ? [] : undefined;
      const transcript = transcripts.get(runId);
      // What a failed attempt added is longer than what the run knows: the shared part is still good.
      return transcript?.[length - 1]?.hash === hash ? transcript.slice(0, length) : undefined;
    },
    store(runId, transcript) {
      transcripts.set(runId, transcript);
    },
  };
}
