import { type KeyObject, sign, verify } from 'node:crypto';
import { z } from 'zod';
import type { SigningKey } from '../broker/keys';
import { canonicalJson } from '../domain/canonical-json';

/** Kind of the organization's records that say where the chains of its runs stood. */
export const ANCHOR = 'anchor';

const anchor = z.strictObject({
  heads: z.array(z.strictObject({ runId: z.string(), length: z.int().positive(), hash: z.string() })).min(1),
  /** RFC 7638 thumbprint of the key that signed. */
  kid: z.string(),
  /** Ed25519, base64url. */
  signature: z.string(),
});

/** Body of an anchor's record. */
export type Anchor = z.infer<typeof anchor>;
export type AnchoredHead = Anchor['heads'][number];

/** Where in the organization's chain an anchor stands. */
export interface AnchorPlace {
  organizationId: string;
  sequence: number;
  /** Hash of the record before it. */
  previousHash: string;
  /** Milliseconds since the epoch. */
  at: number;
}

/**
 * Signs where runs stood and, by the hash of the record before, everything that the organization's chain held: who
 * rewrites either needs the key.
 */
export function signAnchor(place: AnchorPlace, heads: AnchoredHead[], key: SigningKey): Anchor {
  const signature = sign(null, signedBytes(place, heads), key.privateKey).toString('base64url');
  return { heads, kid: key.thumbprint, signature };
}

/** The anchor of a record's body, or null where it is none. */
export function readAnchor(body: unknown): Anchor | null {
  const parsed = anchor.safeParse(body);
  return parsed.success ? parsed.data : null;
}

export function isAnchorSignedBy(
  place: AnchorPlace,
  { heads, signature }: Anchor,
  publicKey: KeyObject,
): boolean {
  const bytes = Buffer.from(signature, 'base64url');
  // One spelling only, so that a signature has no second form.
  if (bytes.length !== 64 || bytes.toString('base64url') !== signature) return false;
  return verify(null, signedBytes(place, heads), publicKey, bytes);
}

function signedBytes(place: AnchorPlace, heads: readonly AnchoredHead[]): Buffer {
  return Buffer.from(canonicalJson({ type: 'gatehouse-audit-anchor', ...place, heads }));
}
