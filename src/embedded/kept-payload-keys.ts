import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePayloadKeys } from '../codec/payload-keys';
import { GatehouseError } from '../domain/errors';

const KEYS = join('keys', 'payload-keys.json');
/** Beside Temporal's file and apart from the keys, so that a folder restored without them still knows. */
const MARK = 'payload-keys.made';

/**
 * The keys of a data folder's histories, made at its first start and never again: a new key would leave every run of
 * before unreadable and waiting, without a word.
 *
 * @returns the path of their file
 * @throws GatehouseError `payload-keys-lost`
 */
export function keptPayloadKeys(dataDir: string): string {
  const path = join(dataDir, KEYS);
  const mark = join(dataDir, MARK);
  if (!existsSync(path) && existsSync(mark))
    throw new GatehouseError(
      'payload-keys-lost',
      `\`${path}\` is gone, and with it what reads the histories of this data folder: restore it, or remove \`${mark}\` to give up the runs of before and begin with a new key`,
    );
  ensurePayloadKeys(path);
  if (!existsSync(mark))
    writeFileSync(mark, `The histories of temporal.db are encrypted with ${KEYS}.\n`, { mode: 0o600 });
  return path;
}
