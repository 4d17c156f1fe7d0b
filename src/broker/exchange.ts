import { type IncomingMessage, type RequestOptions, request } from 'node:http';
import { request as requestTls } from 'node:https';

export interface Answer {
  status: number;
  text: string;
}

/** As {@link Answer}, as it came. */
export interface RawAnswer {
  status: number;
  bytes: Buffer;
}

/** A kept connection was closed by the other side just as it was used again. */
export class StaleConnectionError extends Error {
  override readonly name = 'StaleConnectionError';
}

/**
 * Sends one request, by TLS where its protocol is `https:`, and reads the answer. An answer of any status is one; redirects
 * are not followed.
 *
 * @param maxBytes a longer answer is not heard to the end, and fails
 * @throws StaleConnectionError, or what Node says of the connection
 */
export async function exchange(
  options: RequestOptions,
  body: Uint8Array | string | undefined,
  maxBytes: number,
): Promise<Answer> {
  const { status, bytes } = await exchangeBytes(options, body, maxBytes);
  return { status, text: bytes.toString('utf8') };
}

/** As {@link exchange}, for answers that are no text. */
export function exchangeBytes(
  options: RequestOptions,
  body: Uint8Array | string | undefined,
  maxBytes: number,
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const send = options.protocol === 'https:' ? requestTls : request;
    const sent = send(options, (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > maxBytes) response.destroy(new Error('the answer is too long'));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, bytes: Buffer.concat(chunks) }));
    });
    sent.on('error', (cause) =>
      reject(sent.reusedSocket ? new StaleConnectionError('closed before it answered', { cause }) : cause),
    );
    sent.end(body);
  });
}
