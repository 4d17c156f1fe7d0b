import { GatehouseError } from '../domain/errors';

/** A file or argument that a command was given is no good: exit code 2, as for words that it does not know. */
export class BadInputError extends GatehouseError {
  override readonly name = 'BadInputError';
}

/** Does the reading of what a command was given; what is wrong with it is bad usage. */
export function readInput<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof GatehouseError)) throw error;
    throw new BadInputError(error.code, error.message, { cause: error.cause });
  }
}
