import { APICallError } from '@ai-sdk/provider';
import { ModelAuthenticationError, ModelRequestError, ModelUnavailableError } from './errors';

/** Longest part of a provider's own words that is kept for the log. */
const MAX_CAUSE = 500;

/**
 * What a failed round trip means for the run. The provider's words go only into the cause, cut and without the key:
 * the SDK's own errors hold the whole request, which belongs in no history.
 *
 * @param key what must not appear anywhere
 */
export function classifyModelError(model: string, error: unknown, key: string | undefined): Error {
  const cause = causeOf(error, key);
  const status = statusOf(error);
  if (status === undefined) return new ModelUnavailableError(model, whyNoStatus(error), { cause });
  // Nothing of the answer to a bad key is kept: providers repeat parts of the key in it.
  if (status === 401 || status === 403)
    return new ModelAuthenticationError(model, { cause: new Error(`HTTP ${status}`) });
  if (status === 408 || status === 409 || status === 429 || status >= 500)
    return new ModelUnavailableError(model, `HTTP ${status}`, { cause, retryAfterMs: retryAfterMs(error) });
  if (status >= 400) return new ModelRequestError(model, status, { cause });
  return new ModelUnavailableError(model, 'its answer could not be read', { cause });
}

function statusOf(error: unknown): number | undefined {
  if (APICallError.isInstance(error)) return error.statusCode;
  // An error event inside a stream that began well.
  const type = (error as { type?: unknown } | null)?.type;
  switch (type) {
    case 'invalid_request_error':
    case 'request_too_large':
      return 400;
    case 'authentication_error':
    case 'permission_error':
      return 401;
    case 'not_found_error':
      return 404;
    case 'rate_limit_error':
      return 429;
    case 'api_error':
    case 'overloaded_error':
      return 529;
    default:
      return undefined;
  }
}

function whyNoStatus(error: unknown): string {
  if (error instanceof DOMException && error.name === 'TimeoutError') return 'it took too long';
  if (APICallError.isInstance(error) || hasCode(error)) return 'it cannot be reached';
  return 'the connection broke or its answer could not be read';
}

/** Whether the operating system refused the connection: `ECONNREFUSED`, `ENOTFOUND`. */
function hasCode(error: unknown): boolean {
  const code = (error as { cause?: { code?: unknown } } | null)?.cause?.code;
  return typeof code === 'string' && /^E[A-Z_]+$/.test(code);
}

/** Longest a provider's `retry-after` is honoured, in milliseconds. */
const MAX_RETRY_AFTER = 120_000;

function retryAfterMs(error: unknown): number | undefined {
  if (!APICallError.isInstance(error)) return undefined;
  const seconds = Number.parseFloat(error.responseHeaders?.['retry-after'] ?? '');
  return seconds > 0 ? Math.min(seconds * 1000, MAX_RETRY_AFTER) : undefined;
}

function causeOf(error: unknown, key: string | undefined): Error {
  const message = (error as { message?: unknown } | null)?.message;
  const text = typeof message === 'string' ? message : String(error);
  const withoutKey = key ? text.replaceAll(key, '[key]') : text;
  return new Error(withoutKey.slice(0, MAX_CAUSE));
}
