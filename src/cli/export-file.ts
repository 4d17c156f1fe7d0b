import { createReadStream } from 'node:fs';
import { BadInputError } from './bad-input';
import { BoundedLines } from './bounded-lines';

/** Longest line that is read, in bytes: a run's Temporal history may have 50,000 events. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;

/**
 * Reads a file's lines as strict UTF-8, without keeping them.
 *
 * @param file `-` for standard input
 * @param take is given null for a line that is too long or no UTF-8
 * @returns whether the last line has an end
 * @throws BadInputError `file-unreadable`
 */
export async function readLines(file: string, take: (line: string | null) => void): Promise<boolean> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const decode = (line: Buffer | null): string | null => {
    try {
      return line && decoder.decode(line);
    } catch {
      return null;
    }
  };
  const lines = new BoundedLines(MAX_LINE_BYTES);
  const input: AsyncIterable<Buffer> = file === '-' ? process.stdin : createReadStream(file);
  try {
    for await (const chunk of input) for (const line of lines.take(chunk)) take(decode(line));
  } catch (cause) {
    throw new BadInputError('file-unreadable', `\`${file}\` cannot be read`, { cause });
  }
  const rest = lines.end();
  for (const line of rest) take(decode(line));
  return rest.length === 0;
}
