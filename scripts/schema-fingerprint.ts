import { readFileSync } from 'node:fs';
import path from 'node:path';
import { sha256 } from '../src/domain/hashing';

const ROOT = path.resolve(__dirname, '..');
export const SCHEMA_PATH = path.join(ROOT, 'prisma/schema.prisma');
/** Holds the fingerprint of the schema that the newest migration leads to. */
export const FINGERPRINT_PATH = path.join(ROOT, 'prisma/migrations/schema.sha256');

/** Hash of what a schema says: comments and spacing do not count. */
export function schemaFingerprint(): string {
  const lines = readFileSync(SCHEMA_PATH, 'utf8')
    .split('\n')
    .map((line) => line.trim().replace(/\s+/g, ' '))
    .filter((line) => line !== '' && !line.startsWith('//'));
  return sha256(lines.join('\n'));
}
