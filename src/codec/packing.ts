import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** Shorter texts gain nothing that counts. In bytes. */
const MIN_BYTES = 512;
/** Twice what Temporal takes as one payload: what unpacks to more is not ours. In bytes. */
export const MAX_UNPACKED_BYTES = 4 * 1024 * 1024;

const PLAIN = 0;
const DEFLATED = 1;

/** One byte that says how, then the content: compressed where that is shorter. */
export function pack(content: Uint8Array): Buffer {
  if (content.length >= MIN_BYTES && content.length <= MAX_UNPACKED_BYTES) {
    const deflated = deflateRawSync(content, { level: 1 });
    if (deflated.length < content.length) return Buffer.concat([Buffer.of(DEFLATED), deflated]);
  }
  return Buffer.concat([Buffer.of(PLAIN), content]);
}

/** @throws where it is not what {@link pack} made, or unpacks to more than {@link MAX_UNPACKED_BYTES} */
export function unpack(packed: Buffer): Buffer {
  const content = packed.subarray(1);
  switch (packed[0]) {
    case PLAIN:
      return content;
    case DEFLATED:
      return inflateRawSync(content, { maxOutputLength: MAX_UNPACKED_BYTES });
    default:
      throw new RangeError('not a packing of ours');
  }
}
