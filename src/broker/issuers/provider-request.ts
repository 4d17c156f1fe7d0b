import type { RequestOptions } from 'node:https';
import { urlToHttpOptions } from 'node:url';
import { exchange } from '../exchange';

export interface ProviderRequest {
  method: 'POST' | 'DELETE';
  url: string;
  headers: Record<string, string>;
  body?: unknown;
  /** PEM of who signed the provider's certificate, where that is nobody known. */
  certificateAuthority?: string;
  signal: AbortSignal;
}

export interface ProviderAnswer {
  status: number;
  body: unknown;
}

/** Answers are small; a provider that says more is not heard to the end. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** One request to a provider that speaks JSON. Redirects are not followed: ours goes along with the request. */
export async function askProvider({
  method,
  url,
  headers,
  body,
  certificateAuthority,
  signal,
}: ProviderRequest): Promise<ProviderAnswer> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const options: RequestOptions = {
    ...urlToHttpOptions(new URL(url)),
    method,
    signal,
    ca: certificateAuthority,
    headers: {
      accept: 'application/json',
      'user-agent': 'gatehouse',
      ...(text === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
      ...headers,
    },
  };
  const answer = await exchange(options, text, MAX_ANSWER_BYTES);
  try {
    return { status: answer.status, body: answer.text === '' ? null : JSON.parse(answer.text) };
  } catch {
    throw new Error(`HTTP ${answer.status} with what is no JSON`);
  }
}
