import { randomBytes, timingSafeEqual } from 'node:crypto';
import { sha256 } from '../domain/hashing';

/** A random text of 256 bits that proves who holds it. Only its hash is kept, so that whoever reads the database has none. */
export function makeSecretToken(prefix = ''): string {
  return `${prefix}${randomBytes(32).toString('base64url')}`;
}

/** What is kept of a token: hex sha-256. A random text of 256 bits needs no salt and no slow hash. */
export function hashOfToken(token: string): string {
  return sha256(token);
}

/** Whether a token has this hash, in a time that says nothing of where they differ. */
export function hasHash(token: string, hash: string): boolean {
  const [own, known] = [Buffer.from(hashOfToken(token)), Buffer.from(hash)];
  return own.length === known.length && timingSafeEqual(own, known);
}
