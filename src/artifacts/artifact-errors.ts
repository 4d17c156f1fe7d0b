import { GatehouseError } from '../domain/errors';

/** Largest artifact in bytes, unless a store says otherwise. */
export const MAX_ARTIFACT_BYTES = 64 * 1024 * 1024;

/** @throws GatehouseError `artifact-name-malformed` for what could be a path */
export function requireName(hash: string): void {
  if (!/^[0-9a-f]{64}$/.test(hash)) throw malformedName();
}

export function tooLarge(length: number, maxBytes: number): GatehouseError {
  return new GatehouseError(
    'artifact-too-large',
    `an artifact of ${length} bytes is over the limit of ${maxBytes}`,
  );
}

export function malformedName(): GatehouseError {
  return new GatehouseError('artifact-name-malformed', 'an artifact is named by 64 hexadecimal digits');
}

export function missing(hash: string, cause?: unknown): GatehouseError {
  return new GatehouseError('artifact-missing', `artifact \`${hash}\` is not in the store`, { cause });
}

export function damaged(hash: string): GatehouseError {
  return new GatehouseError('artifact-damaged', `artifact \`${hash}\` does not have the content it names`);
}

export function wrongHash(hash: string): GatehouseError {
  return new GatehouseError('artifact-hash-wrong', `what was put as artifact \`${hash}\` has another hash`);
}
