/**
 * A failure with two texts: `message` is public (safe to show a model or a caller), `cause` is internal (logs and
 * Temporal failure details only).
 *
 * @param code stable, kebab-case; what programs test for
 * @param message one line, lower case, no full stop, values in backticks, says what to do where that is known
 */
export class GatehouseError extends Error {
  override readonly name: string = 'GatehouseError';

  constructor(
    readonly code: string,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** The public text of anything thrown: ours is shown, a stranger's is not. */
export function publicMessage(error: unknown): string {
  return error instanceof GatehouseError ? error.message : 'an internal error, see the log';
}
