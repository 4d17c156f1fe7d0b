import { canonicalJson } from '../domain/canonical-json';
import { sha256 } from '../domain/hashing';
import type { TranscriptEntry, TranscriptPosition } from '../domain/transcript';

/** An entry with the hash of everything up to it: h₀ is the empty string, hₙ = sha256(hₙ₋₁ + canonical JSON). */
export interface HashedEntry {
  entry: TranscriptEntry;
  /** Hex. */
  hash: string;
  /** Length of the canonical JSON in UTF-16 units. */
  size: number;
}

/** A transcript grown by some entries; the given one stays as it is. */
export function append(
  transcript: readonly HashedEntry[],
  entries: readonly TranscriptEntry[],
): HashedEntry[] {
  const grown = [...transcript];
  for (const entry of entries) {
    const json = canonicalJson(entry);
    grown.push({ entry, hash: sha256(positionOf(grown).hash + json), size: json.length });
  }
  return grown;
}

export function positionOf(transcript: readonly HashedEntry[]): TranscriptPosition {
  return { length: transcript.length, hash: transcript.at(-1)?.hash ?? '' };
}
