import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { GatehouseError } from '../domain/errors';
import { type AddressGuard, type CheckedAddress, placeOfUrl } from './address-guard';

export interface Posted {
  status: number;
  /** When to come again, in milliseconds from now, where the receiver said so. */
  retryAfterMs: number | null;
}

/** Longest from looking up the name to the end of the answer, in milliseconds. */
const TIMEOUT_MS = 10_000;
/** What is read of an answer before the connection is closed; none of it is looked at. */
const MAX_ANSWER_BYTES = 16 * 1024;

/**
 * Posts a body to an address that was checked, and to no other: redirects are answers, not followed.
 *
 * @throws GatehouseError `webhook-unreachable`, `webhook-address-refused`
 */
export async function post(
  url: URL,
  { headers, body }: { headers: Record<string, string>; body: string },
  { guard, timeoutMs = TIMEOUT_MS }: { guard: AddressGuard; timeoutMs?: number },
): Promise<Posted> {
  const signal = AbortSignal.timeout(timeoutMs);
  const addresses = await Promise.race([guard.check(url), aborted(signal, url)]);
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method: 'POST',
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        // One connection for each: a kept one could lead where the name led yesterday.
        agent: false,
        lookup: pinned(addresses),
        signal,
        maxHeaderSize: 16 * 1024,
      },
      (response) => {
        drain(response);
        const retryAfterMs = retryAfterOf(response.headers['retry-after'], Date.now());
        resolve({ status: response.statusCode ?? 0, retryAfterMs });
      },
    );
    sent.on('error', (cause) => reject(unreachable(url, signal.aborted ? signal.reason : cause)));
    sent.end(body);
  });
}

/** `Retry-After` in seconds or as a date. */
export function retryAfterOf(header: string | undefined, now: number): number | null {
  if (header === undefined) return null;
  const ms = /^\d{1,9}$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - now;
  return Number.isFinite(ms) && ms > 0 ? ms : null;
}

/** INVARIANT: whatever the name leads to by now, the connection goes to what was checked. */
function pinned(addresses: readonly CheckedAddress[]): LookupFunction {
  return (_hostname, { all }, callback) => {
    const [first] = addresses;
    if (all) callback(null, [...addresses]);
    else callback(null, first?.address ?? '', first?.family ?? 0);
  };
}

function drain(response: IncomingMessage): void {
  let length = 0;
  response.on('error', () => undefined);
  response.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) response.destroy();
  });
}

function aborted(signal: AbortSignal, url: URL): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(unreachable(url, signal.reason)), { once: true });
  });
}

function unreachable(url: URL, cause: unknown): GatehouseError {
  const isLate = (cause as { name?: unknown } | null)?.name === 'TimeoutError';
  const what = isLate ? 'did not answer in time' : 'cannot be reached';
  return new GatehouseError('webhook-unreachable', `\`${placeOfUrl(url)}\` ${what}`, { cause });
}
