import { open, rename, stat } from 'node:fs/promises';

const maxLogBytes = 10 * 1024 * 1024;

/** The size a log has now, after a log that grew over 10 MB was put aside as `NAME.old`. */
export async function rotateLog(file: string): Promise<number> {
  const size = await sizeOf(file);
  if (size <= maxLogBytes) return size;
  await rename(file, `${file}.old`);
  return 0;
}

/** What was written to the log after `offset`, at most its last 64 KB. */
export async function readLogSince(file: string, offset: number): Promise<string> {
  const size = await sizeOf(file);
  const start = Math.max(offset, size - 64 * 1024);
  if (size <= start) return '';
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - start), 0, size - start, start);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** The last lines of a log that say something. */
export function lastLines(log: string, count: number): string[] {
  return log
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(-count);
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch {
    return 0;
  }
}
