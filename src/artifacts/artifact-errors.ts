import { GatehouseError } from '../domain/errors';

export function tooLarge(length: number, maxBytes: number): GatehouseError {
  return new GatehouseError(
    'artifact-too-large',
    `an artifact of ${length} bytes is over the limit of ${maxBytes}`,
  );
}

export function malformedName(): GatehouseError {
  return new GatehouseError('artifact-name-malformed', 'an artifact is named by 64 hexadecimal digits');
}

export function missing(hash: string, cause: unknown): GatehouseError {
  return new GatehouseError('artifact-missing', `artifact \`${hash}\` is not in the store`, { cause });
}

export function damaged(hash: string): GatehouseError {
  return new GatehouseError('artifact-damaged', `artifact \`${hash}\` does not have the content it names`);
}
