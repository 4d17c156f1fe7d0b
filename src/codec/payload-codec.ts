import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { GatehouseError } from '../domain/errors';
import { pack, unpack } from './packing';
import type { PayloadKeys } from './payload-keys';

/** As Temporal's own examples name it. */
export const ENCRYPTED = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';
/** Within what is encrypted, and so as safe as the content: the id of the workflow that it was said in. */
const WORKFLOW = 'gatehouse-workflow';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const PayloadMessage = temporal.api.common.v1.Payload;

/** A payload that was opened. */
export interface OpenedPayload {
  payload: Payload;
  /** The workflow it was said in; `unknown` where that was not kept with it, `clear` where it was never encrypted. */
  of: { kind: 'workflow'; id: string } | { kind: 'unknown' } | { kind: 'clear' };
}

export interface GatehouseCodec extends PayloadCodec {
  /** As `decode`, and says where each comes from. */
  open(payloads: readonly Payload[]): OpenedPayload[];
}

/**
 * Encrypts what goes into Temporal's histories with the current key, and reads what any known key encrypted. A payload
 * becomes a nonce, the encrypted message `temporal.api.common.v1.Payload` (packed, see `packing.ts`) and a tag; the id of
 * its key stands beside it and is authenticated. Where Temporal says whose payload it is, the id of the workflow is encrypted
 * with it. Payloads of other encodings are handed on as they are, so that histories from before can be read.
 *
 * Its `decode` throws GatehouseError `payload-key-unknown`, `payload-damaged`.
 */
export function createPayloadCodec({ current, keys }: PayloadKeys): GatehouseCodec {
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

  function open(payload: Payload): OpenedPayload {
    if (!isEncrypted(payload)) return { payload, of: { kind: 'clear' } };
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
      return unbound(
        PayloadMessage.decode(unpack(Buffer.concat([decipher.update(content), decipher.final()]))),
      );
    } catch (cause) {
      throw new GatehouseError(
        'payload-damaged',
        `a payload encrypted with key \`${id}\` does not open: it was changed, or another key stands under this id`,
        { cause },
      );
    }
  }

  return {
    encode: async (payloads, context) => payloads.map((payload) => encrypt(bound(payload, context))),
    decode: async (payloads) => payloads.map((payload) => open(payload).payload),
    open: (payloads) => payloads.map(open),
  };
}

/** What it says of its workflow itself does not count. */
function bound(payload: Payload, context: SerializationContext | undefined): Payload {
  const { [WORKFLOW]: _said, ...metadata } = payload.metadata ?? {};
  const id = context?.workflowId;
  if (id === undefined) return { ...payload, metadata };
  return { ...payload, metadata: { ...metadata, [WORKFLOW]: Buffer.from(id) } };
}

function unbound(payload: Payload): OpenedPayload {
  const { [WORKFLOW]: id, ...metadata } = payload.metadata ?? {};
  return {
    payload: { ...payload, metadata },
    of: id === undefined ? { kind: 'unknown' } : { kind: 'workflow', id: Buffer.from(id).toString() },
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
