import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { GatehouseError } from '../domain/errors';

/**
 * Whose key: control signs grants and the audit's anchors, the runner and each sandbox host prove who they are, the API
 * vouches for people, and a person signs what they decide.
 */
export type KeyName = 'grant' | 'next-grant' | 'audit' | 'runner' | 'sandbox' | 'api' | `person-${string}`;

export interface SigningKey {
  privateKey: KeyObject;
  publicKey: KeyObject;
  /** RFC 7638, of the public key. */
  thumbprint: string;
}

/** An Ed25519 public key as RFC 8037 writes it. */
export interface PublicJwk {
  kty: 'OKP';
  crv: 'Ed25519';
  x: string;
}

/**
 * The key `<folder>/<name>.jwk`, made on first use with mode 0600; its public half is kept beside it as
 * `<name>.public.jwk`, for the processes that only verify.
 *
 * @throws GatehouseError `key-unreadable`, `key-exposed` when others may read the file
 */
export function loadOrMakeKey(folder: string, name: KeyName): SigningKey {
  const path = join(folder, `${name}.jwk`);
  const made = readIfPresent(path) ?? make(folder, name);
  if ((statSync(path).mode & 0o077) !== 0)
    throw new GatehouseError(
      'key-exposed',
      `the key file \`${name}.jwk\` is open to others; chmod it to 0600`,
    );
  const key = signingKeyOf(privateKeyOf(made, `${name}.jwk`));
  writeFileSync(join(folder, `${name}.public.jwk`), JSON.stringify(publicJwk(key.publicKey)), {
    mode: 0o644,
  });
  return key;
}

/**
 * A private key from its JWK file.
 *
 * @throws GatehouseError `key-unreadable`, `key-exposed`
 */
export function loadKey(path: string): SigningKey {
  const name = basename(path);
  const text = readIfPresent(path);
  if (text === null) throw new GatehouseError('key-unreadable', `there is no key file \`${name}\``);
  requirePrivate(path);
  return signingKeyOf(privateKeyOf(text, name));
}

/** A key that lives in this process only. */
export function makeKey(): SigningKey {
  return signingKeyOf(generateKeyPairSync('ed25519').privateKey);
}

/**
 * A public key from a JWK file.
 *
 * @throws GatehouseError `key-unreadable`
 */
export function loadPublicKey(path: string): KeyObject {
  try {
    return publicKeyOf(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw new GatehouseError('key-unreadable', 'a public key file is missing or holds no Ed25519 key', {
      cause,
    });
  }
}

/**
 * A public key from its JWK.
 *
 * @throws GatehouseError `key-unreadable`
 */
export function publicKeyOf(jwk: unknown): KeyObject {
  const { kty, crv, x } = (jwk ?? {}) as Record<string, unknown>;
  if (kty !== 'OKP' || crv !== 'Ed25519' || typeof x !== 'string')
    throw new GatehouseError('key-unreadable', 'the key is not an Ed25519 public key');
  try {
    return createPublicKey({ key: { kty, crv, x }, format: 'jwk' });
  } catch (cause) {
    throw new GatehouseError('key-unreadable', 'the key is not an Ed25519 public key', { cause });
  }
}

export function publicJwk(key: KeyObject): PublicJwk {
  const { x } = key.export({ format: 'jwk' });
  return { kty: 'OKP', crv: 'Ed25519', x: x ?? '' };
}

/** RFC 7638: base64url of the sha-256 of the key's required members, in order. */
export function thumbprintOf(key: KeyObject): string {
  const { x } = publicJwk(key);
  return createHash('sha256')
    .update(JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x }))
    .digest('base64url');
}

function signingKeyOf(privateKey: KeyObject): SigningKey {
  const publicKey = createPublicKey(privateKey);
  return { privateKey, publicKey, thumbprint: thumbprintOf(publicKey) };
}

function requirePrivate(path: string): void {
  if ((statSync(path).mode & 0o077) === 0) return;
  throw new GatehouseError(
    'key-exposed',
    `the key file \`${basename(path)}\` is open to others; chmod it to 0600`,
  );
}

function privateKeyOf(text: string, name: string): KeyObject {
  try {
    const key = createPrivateKey({ key: JSON.parse(text), format: 'jwk' });
    if (key.asymmetricKeyType !== 'ed25519') throw new TypeError('another kind of key');
    return key;
  } catch (cause) {
    throw new GatehouseError('key-unreadable', `the key file \`${name}\` holds no Ed25519 key`, {
      cause,
    });
  }
}

/** Written beside and linked into place: of two processes that start together, one makes the key both use. */
function make(folder: string, name: KeyName): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${name}.jwk`);
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, JSON.stringify(makeKey().privateKey.export({ format: 'jwk' })), { mode: 0o600 });
  chmodSync(temporary, 0o600);
  try {
    linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
  return readFileSync(path, 'utf8');
}

function readIfPresent(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
