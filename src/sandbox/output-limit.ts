import type { ArtifactStore } from '../artifacts/artifact-store';
import { GatehouseError } from '../domain/errors';

/** Most bytes of a call's output that a model is shown. */
export const MAX_SHOWN_BYTES = 16 * 1024;
/** Of them for the start; ends tell how it went, so they get the larger part of what is left. */
const HEAD_BYTES = 6 * 1024;
const NOTE_BYTES = 400;

/**
 * Output as it is shown to a model: whole, or its head and tail with the whole kept as an artifact. Where that cannot be
 * kept, what was done counts all the same, and the model is told.
 */
export async function limited(
  text: string,
  artifacts: Pick<ArtifactStore, 'put'>,
): Promise<{ text: string; artifact?: string }> {
  const bytes = Buffer.from(text);
  if (bytes.length <= MAX_SHOWN_BYTES) return { text };
  const kept = await keep(bytes, artifacts);
  const headEnd = characterStart(bytes, HEAD_BYTES);
  const tailStart = characterStart(bytes, bytes.length - (MAX_SHOWN_BYTES - HEAD_BYTES - NOTE_BYTES));
  const cut = tailStart - headEnd;
  const head = bytes.subarray(0, headEnd).toString();
  const tail = bytes.subarray(tailStart).toString();
  return {
    text: `${head}\n[… ${cut} of ${bytes.length} bytes left out here${kept.problem ?? ''} …]\n${tail}`,
    ...(kept.artifact === undefined ? {} : { artifact: kept.artifact }),
  };
}

async function keep(
  bytes: Buffer,
  artifacts: Pick<ArtifactStore, 'put'>,
): Promise<{ artifact?: string; problem?: string }> {
  try {
    return { artifact: await artifacts.put(bytes) };
  } catch (error) {
    if (!(error instanceof GatehouseError) || !error.code.startsWith('artifact-')) throw error;
    return { problem: `, and not kept: ${error.message}` };
  }
}

/** The nearest start of a UTF-8 character at or after an offset. */
function characterStart(bytes: Buffer, offset: number): number {
  let start = offset;
  while (start < bytes.length && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++;
  return start;
}
