import { GatehouseError } from '../domain/errors';

/** Most artifacts of a batch, and largest batch in bytes: it is held in memory. */
export const MAX_BATCH_COUNT = 256;
export const MAX_BATCH_BYTES = 2 * 1024 * 1024;

/** Small artifacts one after the other, each behind its length in four bytes, most significant first. */
export function encodeBatch(contents: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    contents.flatMap((content) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(content.byteLength);
      return [length, content];
    }),
  );
}

/** @throws GatehouseError `artifact-batch-malformed` */
export function decodeBatch(batch: Buffer): Buffer[] {
  const contents: Buffer[] = [];
  for (let start = 0; start < batch.length; ) {
    const from = start + 4;
    const end = from <= batch.length ? from + batch.readUInt32BE(start) : Number.POSITIVE_INFINITY;
    if (end > batch.length || contents.length === MAX_BATCH_COUNT)
      throw new GatehouseError('artifact-batch-malformed', 'the batch of artifacts cannot be read');
    contents.push(batch.subarray(from, end));
    start = end;
  }
  return contents;
}
