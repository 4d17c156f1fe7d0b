import { request as requestHttp } from 'node:http';
import { type RequestOptions, request as requestHttps } from 'node:https';

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
export function askProvider({ method, url, headers, body, certificateAuthority, signal }: ProviderRequest) {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const options: RequestOptions = {
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
  return new Promise<ProviderAnswer>((resolve, reject) => {
    const send = url.startsWith('https:') ? requestHttps : requestHttp;
    const sent = send(url, options, (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > MAX_ANSWER_BYTES) response.destroy(new Error('the answer is too long'));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => {
        const status = response.statusCode ?? 0;
        const answer = Buffer.concat(chunks).toString('utf8');
        try {
          resolve({ status, body: answer === '' ? null : JSON.parse(answer) });
        } catch {
          reject(new Error(`HTTP ${status} with what is no JSON`));
        }
      });
    });
    sent.on('error', reject);
    sent.end(text);
  });
}
