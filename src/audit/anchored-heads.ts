import type { KeyObject } from 'node:crypto';
import { thumbprintOf } from '../broker/keys';
import { ANCHOR, isAnchorSignedBy, readAnchor } from '../store/audit-anchor';
import type { StoredLink } from '../store/audit-chain';

/** Where a run's chain stood at a length. */
export interface AnchoredAt {
  hash: string;
  /** Who says so, in words. */
  source: string;
}

/** Where others say that the chains of runs stood. Its size is that of the anchors, not of the records. */
export class AnchoredHeads {
  private readonly keys: ReadonlyMap<string, KeyObject>;
  private readonly heads = new Map<string, Map<number, AnchoredAt>>();
  private count = 0;

  /** @param keys those whose signature counts */
  constructor(
    private readonly organizationId: string,
    keys: readonly KeyObject[],
  ) {
    this.keys = new Map(keys.map((key) => [thumbprintOf(key), key]));
  }

  get anchors(): number {
    return this.count;
  }

  /** Takes a record of the organization's chain. @returns what is wrong with it as an anchor, or null */
  take(record: StoredLink, body: unknown): string | null {
    if (record.kind !== ANCHOR) return null;
    const anchor = readAnchor(body);
    if (!anchor) return 'the anchor cannot be read';
    this.count++;
    const source = `anchor ${record.sequence} of the organization`;
    for (const { runId, length, hash } of anchor.heads) this.add(runId, length, { hash, source });
    const key = this.keys.get(anchor.kid);
    if (!key) return `the anchor is signed with key \`${anchor.kid}\`, which is not one of those that count`;
    const { sequence, previousHash, at } = record;
    const place = { organizationId: this.organizationId, sequence, previousHash, at };
    return isAnchorSignedBy(place, anchor, key) ? null : 'the signature of the anchor is not valid';
  }

  /** What is known at a length already stays. */
  add(runId: string, length: number, at: AnchoredAt): void {
    const ofRun = this.heads.get(runId) ?? new Map<number, AnchoredAt>();
    if (!ofRun.has(length)) ofRun.set(length, at);
    this.heads.set(runId, ofRun);
  }

  /** Takes out what is anchored of one run, by length. */
  ofRun(runId: string): ReadonlyMap<number, AnchoredAt> {
    const found = this.heads.get(runId) ?? new Map();
    this.heads.delete(runId);
    return found;
  }

  /** Runs that were not taken out, and who names each with the most records. */
  *missing(): Generator<{ runId: string; length: number; source: string }> {
    for (const [runId, heads] of this.heads) {
      const length = Math.max(...heads.keys());
      yield { runId, length, source: heads.get(length)!.source };
    }
  }
}
