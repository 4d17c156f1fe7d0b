import type { KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadPublicKey } from '../broker/keys';
import { readInput } from './bad-input';
import type { CliContext } from './context';

/** Public keys of the files that were named, or else that of the data folder, where it has one. */
export function auditKeys({ dataDir }: CliContext, files: readonly string[]): KeyObject[] {
  const own = join(dataDir, 'keys/audit.public.jwk');
  const named = files.length > 0 ? files : existsSync(own) ? [own] : [];
  return readInput(() => named.map(loadPublicKey));
}
