import { readFileSync, statSync } from 'node:fs';
import { GatehouseError } from '../domain/errors';

/** Largest file a person writes for us, in bytes: what is larger is a mistake, or more than a run can carry. */
export const MAX_FILE_BYTES = 512 * 1024;

/** A byte order mark at its begin is kept. @throws GatehouseError with this code: file, and what is wrong with it */
export function readText(file: string, { what, code }: { what: string; code: string }): string {
  const refuse = (why: string, cause?: unknown) => new GatehouseError(code, `${file}: ${why}`, { cause });
  let bytes: Buffer;
  try {
    const found = statSync(file);
    if (found.isDirectory()) throw refuse(`is a folder, not ${what}`);
    // A pipe or a device might never end, and its size says nothing.
    if (!found.isFile()) throw refuse(`is not a regular file; ${what} was looked for here`);
    if (found.size > MAX_FILE_BYTES)
      throw refuse(`has ${found.size} bytes; ${what} has at most ${MAX_FILE_BYTES}`);
    bytes = readFileSync(file);
  } catch (cause) {
    if (cause instanceof GatehouseError) throw cause;
    throw refuse(whyNot(cause, what), cause);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw refuse('is not UTF-8 text', cause);
  }
}

function whyNot(cause: unknown, what: string): string {
  switch ((cause as NodeJS.ErrnoException).code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return `there is no such file; ${what} was looked for here`;
    case 'EACCES':
    case 'EPERM':
      return `${what} may not be read by this user`;
    default:
      return `${what} cannot be read`;
  }
}
