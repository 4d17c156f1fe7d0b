import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { chmodSync, linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { z } from 'zod';
import { GatehouseError } from '../domain/errors';

/** The keys of one key file: `current` encrypts, all decrypt. */
export interface PayloadKeys {
  current: string;
  keys: ReadonlyMap<string, KeyObject>;
}

const KEY_BYTES = 32;

const keyFile = z.strictObject({
  current: z.string(),
  keys: z
    .array(
      z.strictObject({
        /** Stands in clear beside what the key encrypts. */
        id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
        /** 32 bytes, base64url. */
        key: z.string().regex(/^[\w-]{43}$/),
      }),
    )
    .min(1),
});
type KeyFile = z.infer<typeof keyFile>;

/**
 * Reads a key file.
 *
 * @throws GatehouseError `payload-keys-unreadable`, `payload-keys-exposed` when others may read the file
 */
export function readPayloadKeys(path: string): PayloadKeys {
  const { current, keys } = readKeyFile(path);
  return {
    current,
    keys: new Map(keys.map(({ id, key }) => [id, createSecretKey(Buffer.from(key, 'base64url'))])),
  };
}

/**
 * Makes a key file with one key where there is none. Two that start together use the same.
 *
 * @returns the path
 */
export function ensurePayloadKeys(path: string): string {
  const first = newKey();
  const draft = writeDraft(path, { current: first.id, keys: [first] });
  try {
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return path;
}

/**
 * Adds a key that decrypts from now on and encrypts nothing yet, so that every process can learn it first.
 *
 * @returns its id
 * @throws GatehouseError as {@link readPayloadKeys}
 */
export function addPayloadKey(path: string): string {
  const { current, keys } = readKeyFile(path);
  const added = newKey();
  replace(path, { current, keys: [...keys, added] });
  return added.id;
}

/**
 * Has a known key encrypt from now on.
 *
 * @throws GatehouseError `payload-key-unknown`, and as {@link readPayloadKeys}
 */
export function usePayloadKey(path: string, id: string): void {
  const { keys } = readKeyFile(path);
  requireKnown(keys, id, path);
  replace(path, { current: id, keys });
}

/**
 * Forgets a key: what it encrypted can never be read again.
 *
 * @throws GatehouseError `payload-key-unknown`, `payload-key-current`, and as {@link readPayloadKeys}
 */
export function removePayloadKey(path: string, id: string): void {
  const { current, keys } = readKeyFile(path);
  requireKnown(keys, id, path);
  if (id === current)
    throw new GatehouseError('payload-key-current', `key \`${id}\` encrypts now; use another one first`);
  replace(path, { current, keys: keys.filter((key) => key.id !== id) });
}

function readKeyFile(path: string): KeyFile {
  let parsed: KeyFile;
  try {
    if ((statSync(path).mode & 0o077) !== 0)
      throw new GatehouseError(
        'payload-keys-exposed',
        `the key file \`${basename(path)}\` is open to others; chmod it to 0600`,
      );
    parsed = keyFile.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    if (cause instanceof GatehouseError) throw cause;
    throw unreadable(path, 'it is missing, or is not `{current, keys: [{id, key}]}`', cause);
  }
  const ids = parsed.keys.map(({ id }) => id);
  if (new Set(ids).size !== ids.length) throw unreadable(path, 'two of its keys have the same id');
  if (!ids.includes(parsed.current)) throw unreadable(path, '`current` names none of its keys');
  return parsed;
}

function requireKnown(keys: KeyFile['keys'], id: string, path: string): void {
  if (keys.some((key) => key.id === id)) return;
  const known = keys.map((key) => `\`${key.id}\``).join(', ');
  throw new GatehouseError(
    'payload-key-unknown',
    `there is no key \`${id.slice(0, 64)}\` in \`${basename(path)}\`; there are ${known}`,
  );
}

/** A date for people, and letters against two on one day. */
function newKey(): KeyFile['keys'][number] {
  const day = new Date().toISOString().slice(0, 10);
  return {
    id: `${day}-${randomBytes(3).toString('hex')}`,
    key: randomBytes(KEY_BYTES).toString('base64url'),
  };
}

function replace(path: string, content: KeyFile): void {
  renameSync(writeDraft(path, content), path);
}

function writeDraft(path: string, content: KeyFile): string {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  chmodSync(draft, 0o600);
  return draft;
}

function unreadable(path: string, why: string, cause?: unknown): GatehouseError {
  return new GatehouseError(
    'payload-keys-unreadable',
    `the key file \`${basename(path)}\` cannot be used: ${why}`,
    {
      cause,
    },
  );
}
