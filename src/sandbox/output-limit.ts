import type { ArtifactStore } from '../artifacts/artifact-store';
import { GatehouseError } from '../domain/errors';

/** Most bytes of a call's output that a model is shown. */
export const MAX_SHOWN_BYTES = 16 * 1024;
/** Most that it may be as JSON, where a control character is six bytes: all calls of a turn come in one payload of Temporal's. */
export const MAX_ENCODED_BYTES = 2 * MAX_SHOWN_BYTES;
/** What is shown of an output that would be more. */
const DENSE_BYTES = MAX_ENCODED_BYTES / 6;
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
  if (bytes.length <= MAX_SHOWN_BYTES && encodedBytes(text) <= MAX_ENCODED_BYTES) return { text };
  const kept = await keep(bytes, artifacts);
  const ends = endsOf(bytes, MAX_SHOWN_BYTES, kept.problem);
  return {
    text: encodedBytes(ends) <= MAX_ENCODED_BYTES ? ends : endsOf(bytes, DENSE_BYTES, kept.problem),
    ...(kept.artifact === undefined ? {} : { artifact: kept.artifact }),
  };
}

/** Head and tail, and between them what is left out. */
function endsOf(bytes: Buffer, shownBytes: number, problem = ''): string {
  const headBytes = (HEAD_BYTES * shownBytes) / MAX_SHOWN_BYTES;
  const headEnd = characterStart(bytes, Math.floor(headBytes));
  const tailStart = characterStart(bytes, Math.ceil(bytes.length - (shownBytes - headBytes - NOTE_BYTES)));
  const head = bytes.subarray(0, headEnd).toString();
  const tail = bytes.subarray(tailStart).toString();
  const cut = tailStart - headEnd;
  return `${head}\n[… ${cut} of ${bytes.length} bytes left out here${problem} …]\n${tail}`;
}

function encodedBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text));
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
