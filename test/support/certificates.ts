import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** A certificate with its key, both PEM, as the channel takes them. */
export interface Certified {
  certificate: Buffer;
  privateKey: Buffer;
}

export interface Authority extends Certified {
  /** A certificate of this authority for one name or several. @param daysLeft negative for an expired one @default 1 */
  certify(names: string | readonly string[], daysLeft?: number): Certified;
}

/** A certificate authority of the test's own: X.509 with Ed25519, written in DER. */
export function makeAuthority(name: string): Authority {
  const keys = generateKeyPairSync('ed25519');
  const issue = (names: readonly string[], publicKey: KeyObject, daysLeft: number, isAuthority: boolean) => {
    const body = sequence(
      tagged(0, integer(Buffer.from([2]))),
      integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
      ED25519,
      distinguished(name),
      sequence(time(daysLeft - 2), time(daysLeft)),
      distinguished(names[0] ?? ''),
      publicKey.export({ type: 'spki', format: 'der' }),
      tagged(3, sequence(...(isAuthority ? [BASIC_AUTHORITY] : [alternative(names)]))),
    );
    const signature = sign(null, body, keys.privateKey);
    return pem('CERTIFICATE', sequence(body, ED25519, bits(signature)));
  };
  return {
    certificate: issue([name], keys.publicKey, 1, true),
    privateKey: privatePem(keys.privateKey),
    certify(names, daysLeft = 1) {
      const own = generateKeyPairSync('ed25519');
      return {
        certificate: issue([names].flat(), own.publicKey, daysLeft, false),
        privateKey: privatePem(own.privateKey),
      };
    },
  };
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const sequence = (...parts: Buffer[]) => der(0x30, ...parts);
const tagged = (number: number, content: Buffer) => der(0xa0 + number, content);
const integer = (bytes: Buffer) => der(0x02, bytes);
const bits = (bytes: Buffer) => der(0x03, Buffer.from([0]), bytes);
const identifier = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));
/** 1.3.101.112 */
const ED25519 = sequence(identifier('2b6570'));
/** 2.5.29.19, critical: a certificate that signs others. */
const BASIC_AUTHORITY = sequence(
  identifier('551d13'),
  der(0x01, Buffer.from([0xff])),
  der(0x04, sequence(der(0x01, Buffer.from([0xff])))),
);

/** 2.5.4.3 */
function distinguished(name: string): Buffer {
  return sequence(der(0x31, sequence(identifier('550403'), der(0x0c, Buffer.from(name)))));
}

/** 2.5.29.17 */
function alternative(names: readonly string[]): Buffer {
  const each = names.map((name) => der(0x82, Buffer.from(name)));
  return sequence(identifier('551d11'), der(0x04, sequence(...each)));
}

function time(inDays: number): Buffer {
  const text = new Date(Date.now() + inDays * 86_400_000).toISOString();
  return der(0x17, Buffer.from(`${text.replace(/[-:T]/g, '').slice(2, 14)}Z`));
}

function pem(label: string, bytes: Buffer): Buffer {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return Buffer.from(`-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`);
}

function privatePem(key: KeyObject): Buffer {
  return Buffer.from(key.export({ type: 'pkcs8', format: 'pem' }));
}
