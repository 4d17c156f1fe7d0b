import { type KeyObject, sign, verify } from 'node:crypto';

/** A compact JWS (RFC 7515) with Ed25519 (RFC 8037): `node:crypto` synchronously, a quarter of the time a promise takes. */
export function signJws(header: Record<string, unknown>, claims: unknown, privateKey: KeyObject): string {
  const input = `${encode({ ...header, alg: 'EdDSA' })}.${encode(claims)}`;
  return `${input}.${sign(null, Buffer.from(input), privateKey).toString('base64url')}`;
}

export interface ReadJws {
  header: Record<string, unknown>;
  claims: unknown;
  /** Whether this key signed exactly this text. */
  isSignedBy(publicKey: KeyObject): boolean;
}

/** Longest token that is read, in characters. */
const MAX_LENGTH = 64 * 1024;

/** Takes a token apart without believing it. Null when it is none, or names any algorithm but EdDSA. */
export function readJws(token: string): ReadJws | null {
  if (token.length > MAX_LENGTH) return null;
  const parts = token.split('.');
  if (parts.length !== 3) return null;
  const [header, claims, signature] = parts.map(decode);
  if (!header || !claims || !signature || signature.length !== 64) return null;
  const readHeader = parseObject(header);
  const readClaims = parseObject(claims);
  // `crit` asks for extensions, and there are none here.
  if (!readHeader || !readClaims || readHeader.alg !== 'EdDSA' || 'crit' in readHeader) return null;
  const input = Buffer.from(`${parts[0]}.${parts[1]}`);
  return {
    header: readHeader,
    claims: readClaims,
    isSignedBy: (publicKey) => verify(null, input, publicKey, signature),
  };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** Only the one canonical spelling is taken, so that a token has no second form. */
function decode(part: string): Buffer | null {
  const bytes = Buffer.from(part, 'base64url');
  return bytes.toString('base64url') === part ? bytes : null;
}

function parseObject(bytes: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
