import type { AuditHead } from '../domain/audit-head';
import { canonicalJson } from '../domain/canonical-json';
import { sha256 } from '../domain/hashing';

/** Something to be remembered about a run, once: a second entry of the same key changes nothing. */
export interface AuditEntry {
  key: string;
  kind: string;
  body: unknown;
  /** Milliseconds since the epoch. */
  at: number;
}

/** One link: `hash` covers the link before it. */
export interface AuditLink extends AuditEntry {
  sequence: number;
  previousHash: string;
  hash: string;
  /** RFC 8785 JSON of the body. */
  bodyText: string;
}

/** Chains entries to the head. */
export function chain(runId: string, head: AuditHead, entries: readonly AuditEntry[]): AuditLink[] {
  const links: AuditLink[] = [];
  let previousHash = head.hash;
  for (const [index, entry] of entries.entries()) {
    const sequence = head.length + index + 1;
    const hash = linkHash(previousHash, { runId, sequence, ...entry });
    links.push({ ...entry, sequence, previousHash, hash, bodyText: canonicalJson(entry.body) });
    previousHash = hash;
  }
  return links;
}

/** Hex sha-256 of the hash before and the RFC 8785 JSON of `{runId, sequence, kind, at, body}`. */
export function linkHash(
  previousHash: string,
  { runId, sequence, kind, at, body }: { runId: string; sequence: number } & Omit<AuditEntry, 'key'>,
): string {
  return sha256(previousHash + canonicalJson({ runId, sequence, kind, at, body }));
}

/** The head after these links. */
export function headAfter(head: AuditHead, links: readonly AuditLink[]): AuditHead {
  const last = links.at(-1);
  return last ? { length: last.sequence, hash: last.hash } : head;
}

/** A record as it is kept. */
export interface StoredLink {
  sequence: number;
  kind: string;
  /** RFC 8785 JSON, if nobody changed it. */
  body: string;
  /** Milliseconds since the epoch. */
  at: number;
  previousHash: string;
  hash: string;
}

/** Computes one chain again, record after record. */
export class ChainCheck {
  private last: AuditHead = { length: 0, hash: '' };

  /** @param name the run's id, or what stands for the organization's */
  constructor(private readonly name: string) {}

  /** Where the chain stands after the records so far. */
  get head(): AuditHead {
    return this.last;
  }

  /**
   * Takes the next record; after one that is not what it should be, goes on from where that one says it is.
   *
   * @returns its body, or what is wrong with it and with which sequence
   */
  take(link: StoredLink): { body: unknown } | { sequence: number; problem: string } {
    const { length, hash: previousHash } = this.last;
    const sequence = length + 1;
    this.last = { length: link.sequence, hash: link.hash };
    if (link.sequence > sequence) return { sequence, problem: 'the record is missing' };
    if (link.sequence < sequence)
      return {
        sequence,
        problem: `record ${link.sequence} stands in its place, and was taken from another one`,
      };
    if (link.previousHash !== previousHash)
      return { sequence, problem: 'it does not follow the record before' };
    const body = parsed(link.body);
    if (body === undefined || canonicalJson(body) !== link.body)
      return { sequence, problem: 'its body is not canonical JSON' };
    if (linkHash(previousHash, { ...link, runId: this.name, body }) !== link.hash)
      return { sequence, problem: 'it was changed after it was written' };
    return { body };
  }

  /** What is wrong with the end of the chain, or null. */
  end(head: AuditHead): { sequence: number; problem: string } | null {
    const { length, hash } = this.last;
    if (length === head.length && hash === head.hash) return null;
    const problem =
      length === head.length
        ? 'it is not the last record that was written'
        : `the chain ends at record ${head.length}, not ${length}`;
    return { sequence: length < head.length ? length + 1 : length, problem };
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
