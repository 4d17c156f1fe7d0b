import { GatehouseError } from '../domain/errors';

/** The model would not answer, for its provider's own reasons. Not retried. */
export class ModelRefusedError extends GatehouseError {
  override readonly name = 'ModelRefusedError';

  constructor(model: string, options?: { cause?: unknown }) {
    super('model-refused', `model \`${model}\` refused to answer; change the prompt or the model`, options);
  }
}

/** The provider does not accept the runner's key. Not retried. */
export class ModelAuthenticationError extends GatehouseError {
  override readonly name = 'ModelAuthenticationError';

  constructor(model: string, options?: { cause?: unknown }) {
    super(
      'model-authentication',
      `the provider of model \`${model}\` does not accept the runner's key; check the key in the runner's environment`,
      options,
    );
  }
}

/** The provider says that the request itself is wrong. Not retried. */
export class ModelRequestError extends GatehouseError {
  override readonly name = 'ModelRequestError';

  constructor(model: string, status: number, options?: { cause?: unknown }) {
    super(
      'model-request',
      `the provider of model \`${model}\` rejected the request (HTTP ${status}); check the model's name, and the runner's log for the provider's reason`,
      options,
    );
  }
}

/** The provider cannot answer now: overloaded, unreachable, cut off, too slow. Retried. */
export class ModelUnavailableError extends GatehouseError {
  override readonly name = 'ModelUnavailableError';
  /** How long the provider asks to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(model: string, why: string, options?: { cause?: unknown; retryAfterMs?: number }) {
    super('model-unavailable', `the provider of model \`${model}\` could not answer: ${why}`, options);
    this.retryAfterMs = options?.retryAfterMs;
  }
}

/** The reply ended at the model's output limit before it said what to do. Not retried: it would be cut again. */
export class ModelReplyCutError extends GatehouseError {
  override readonly name = 'ModelReplyCutError';

  constructor(model: string) {
    super(
      'model-reply-cut',
      `the reply of model \`${model}\` was cut at its output limit before it called a tool or finished; ask for less at once or choose a model with a larger limit`,
    );
  }
}

/** The reply is larger than a turn may be. Not retried. */
export class ModelReplyTooLargeError extends GatehouseError {
  override readonly name = 'ModelReplyTooLargeError';

  constructor(bytes: number, limit: number) {
    super(
      'model-reply-too-large',
      `the model's reply has ${bytes} bytes of text and arguments, a turn holds ${limit}; ask for smaller steps`,
    );
  }
}
