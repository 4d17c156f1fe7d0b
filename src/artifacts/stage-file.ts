import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { tooLarge, wrongHash } from './artifact-errors';

/**
 * Writes content to a new file of mode 0600 that is on the disk afterwards; whatever fails leaves none.
 *
 * @returns its length in bytes
 * @throws GatehouseError `artifact-hash-wrong`, `artifact-too-large`, or as the content and the file
 */
export async function stageFile(
  path: string,
  content: AsyncIterable<Uint8Array>,
  { hash, maxBytes }: { hash: string; maxBytes: number },
): Promise<number> {
  const file = await open(path, 'wx', 0o600);
  try {
    const digest = createHash('sha256');
    let bytes = 0;
    for await (const chunk of content) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) throw tooLarge(bytes, maxBytes);
      digest.update(chunk);
      await file.writeFile(chunk);
    }
    if (digest.digest('hex') !== hash) throw wrongHash(hash);
    await file.datasync();
    return bytes;
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}
