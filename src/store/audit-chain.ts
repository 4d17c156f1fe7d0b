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

/** Where a run's chain stands: how many records, and the hash of the last (empty for none). */
export interface AuditHead {
  length: number;
  hash: string;
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
