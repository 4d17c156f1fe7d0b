import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { GatehouseError } from '../domain/errors';
import { pack, unpack } from './packing';
import type { PayloadKeys } from './payload-keys';

/** As Temporal's own examples name it. */
export const ENCRYPTED = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const PayloadMessage = temporal.api.common.v1.Payload;

/**
 * Encrypts what goes into Temporal's histories with the current key, and reads what any known key encrypted. A payload
 * becomes a nonce, the encrypted message `temporal.api.common.v1.Payload` (packed, see `packing.ts`) and a tag; the id of
 * its key stands beside it and is authenticated. Payloads of other encodings are handed on as they are, so that
 * histories from before can be read.
 *
 * Its `decode` throws GatehouseError `payload-key-unknown`, `payload-damaged`.
 */
export function createPayloadCodec({ current, keys }: PayloadKeys): PayloadCodec {
  const key = keys.get(current);
  if (!key) throw new TypeError('the current key is not among the keys');

  function encrypt(payload: Payload): Payload {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, key!, nonce).setAAD(Buffer.from(current));
    const content = cipher.update(pack(PayloadMessage.encode(payload).finish()));
    return {
      metadata: { encoding: Buffer.from(ENCRYPTED), [KEY_ID]: Buffer.from(current) },
      data: Buffer.concat([nonce, content, cipher.final(), cipher.getAuthTag()]),
    };
  }

  function decrypt(payload: Payload): Payload {
    if (!isEncrypted(payload)) return payload;
    const id = Buffer.from(payload.metadata?.[KEY_ID] ?? []).toString();
    const known = keys.get(id);
    if (!known) throw keyUnknown(id);
    try {
      const data = Buffer.from(payload.data ?? []);
      const decipher = createDecipheriv(CIPHER, known, data.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(Buffer.from(id)).setAuthTag(data.subarray(-TAG_BYTES));
      const content = data.subarray(NONCE_BYTES, -TAG_BYTES);
      return PayloadMessage.decode(unpack(Buffer.concat([decipher.update(content), decipher.final()])));
    } catch (cause) {
      throw new GatehouseError(
        'payload-damaged',
        `a payload encrypted with key \`${id}\` does not open: it was changed, or another key stands under this id`,
        { cause },
      );
    }
  }

  return {
    encode: async (payloads) => payloads.map(encrypt),
    decode: async (payloads) => payloads.map(decrypt),
  };
}

export function isEncrypted(payload: Payload): boolean {
  return Buffer.from(payload.metadata?.encoding ?? []).toString() === ENCRYPTED;
}

function keyUnknown(id: string): GatehouseError {
  const shown = id.replace(/[^\w.-]/g, '?').slice(0, 64);
  return new GatehouseError(
    'payload-key-unknown',
    `a payload is encrypted with key \`${shown}\`, which this process does not have: add it to the key file of \`GATEHOUSE_PAYLOAD_KEYS\` and start again`,
  );
}
