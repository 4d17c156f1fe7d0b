import type { CallOutcome } from '../src/domain/call';
import type { TranscriptPage } from '../src/domain/steps';
import type { ArchivedEntry, OpenEntry, TranscriptEntry, TranscriptPosition } from '../src/domain/transcript';

/** A transcript as it crosses continue-as-new. */
export interface CarriedTranscript {
  entries: (TranscriptEntry | ArchivedEntry)[];
  position: TranscriptPosition;
  news: OpenEntry[];
}

/** In UTF-16 units, of which one may be three bytes: under Temporal's 2 MiB for a payload all the same. */
const PAGE_LENGTH = 600_000;
const ARCHIVED_ENTRY_BYTES = 90;
/** What stays inline when the others are archived: at most so many entries, together of at most this length. */
const INLINE_TAIL = 4;
const MAX_TAIL_LENGTH = 60_000;
/** Longest batch of entries handed to one archiving, but for one that is longer by itself. */
const MAX_BATCH_LENGTH = 500_000;

/**
 * The conversation of a run. What the runner has not seen yet is `news`; a turn turns it into entries. The runner
 * computes the hashes, since a workflow cannot.
 */
export class Transcript {
  private entries: (TranscriptEntry | ArchivedEntry)[];
  private at: TranscriptPosition;
  private open: OpenEntry[];
  /** Length of the entries that are not archived. */
  private inline: number;

  constructor(carried?: CarriedTranscript) {
    this.entries = carried ? [...carried.entries] : [];
    this.at = carried?.position ?? { length: 0, hash: '' };
    this.open = carried ? [...carried.news] : [];
    this.inline = inlineSizeOf(this.entries);
  }

  /** The prefix that runner and workflow share. */
  get position(): TranscriptPosition {
    return this.at;
  }

  get news(): OpenEntry[] {
    return this.open;
  }

  /** About how much of the workflow's state archiving would take away. */
  get archivableSize(): number {
    return this.inline - inlineSizeOf(this.entries.slice(this.tailStart()));
  }

  add(entry: OpenEntry): void {
    this.open.push(entry);
  }

  /** Fills reads' outcomes into the news: they ran, or were refused after all. */
  settle(outcomes: readonly CallOutcome[]): void {
    const byCall = new Map(outcomes.map((outcome) => [outcome.callId, outcome]));
    this.open = this.open.map((entry) =>
      entry.role === 'tool'
        ? {
            role: 'tool',
            outcomes: entry.outcomes.map((outcome) =>
              outcome.kind === 'pending' ? (byCall.get(outcome.callId) ?? outcome) : outcome,
            ),
          }
        : entry,
    );
  }

  /** A turn was taken: its news and the model's answer are now part of the prefix. */
  advance(answer: TranscriptEntry, hash: string): void {
    for (const entry of [...(this.open as TranscriptEntry[]), answer]) {
      this.entries.push(entry);
      this.inline += sizeOf(entry);
    }
    this.open = [];
    this.at = { length: this.entries.length, hash };
  }

  /** Answers query `transcript`: entries from `since`, as many as fit a page. */
  page(since: number): TranscriptPage {
    const entries: (TranscriptEntry | ArchivedEntry)[] = [];
    let bytes = 0;
    let next = Math.max(0, Math.trunc(since));
    while (next < this.entries.length) {
      const entry = this.entries[next]!;
      const size = sizeOf(entry);
      if (entries.length > 0 && bytes + size > PAGE_LENGTH) break;
      entries.push(entry);
      bytes += size;
      next++;
    }
    return { entries, next: next < this.entries.length ? next : null };
  }

  /** Entries to archive before continue-as-new, all but a bounded tail, in batches that an activity takes. */
  archivable(): TranscriptEntry[][] {
    const batches: TranscriptEntry[][] = [];
    let length = 0;
    for (const entry of this.entries.slice(0, this.tailStart())) {
      if (!('role' in entry)) continue;
      length += sizeOf(entry);
      if (batches.length === 0 || length > MAX_BATCH_LENGTH) {
        batches.push([]);
        length = sizeOf(entry);
      }
      batches.at(-1)?.push(entry);
    }
    return batches;
  }

  /** Replaces the entries given by {@link archivable} by their artifacts, in the same order. */
  replaceArchived(artifacts: readonly string[]): void {
    let index = 0;
    const tail = this.tailStart();
    this.entries = this.entries.map((entry, position) => {
      if (position >= tail || !('role' in entry)) return entry;
      return { artifact: artifacts[index++]! };
    });
    this.inline = inlineSizeOf(this.entries);
  }

  private tailStart(): number {
    let start = this.entries.length;
    let length = 0;
    while (start > 0 && this.entries.length - start < INLINE_TAIL) {
      length += sizeOf(this.entries[start - 1]!);
      if (length > MAX_TAIL_LENGTH) break;
      start--;
    }
    return start;
  }

  carry(): CarriedTranscript {
    return { entries: this.entries, position: this.at, news: this.open };
  }
}

function inlineSizeOf(entries: readonly (TranscriptEntry | ArchivedEntry)[]): number {
  return entries.reduce((sum, entry) => ('role' in entry ? sum + sizeOf(entry) : sum), 0);
}

function sizeOf(entry: TranscriptEntry | ArchivedEntry): number {
  return 'role' in entry ? JSON.stringify(entry).length : ARCHIVED_ENTRY_BYTES;
}
