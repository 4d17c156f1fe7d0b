import type { MiddlewareHandler } from 'hono';
import type { ApiEnvironment } from './environment';
import { answerProblem } from './problem';

/**
 * Refuses bodies of more bytes. A body that does not say its length is read here, as far as it may go, and handed on
 * whole: requests of Node's server are no `Request` that another can be made of.
 */
export const limitBody =
  (maxBytes: number): MiddlewareHandler<ApiEnvironment> =>
  async (c, next) => {
    const refuse = () =>
      answerProblem(c, {
        status: 413,
        code: 'body-too-large',
        detail: `a body has at most ${maxBytes} bytes`,
      });
    const { method, headers, signal, body } = c.req.raw;
    if (!body) return next();
    const length = headers.get('content-length');
    if (length !== null && !headers.has('transfer-encoding'))
      return Number(length) > maxBytes ? refuse() : next();

    const chunks: Uint8Array[] = [];
    let bytes = 0;
    const reader = body.getReader();
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      bytes += read.value.length;
      if (bytes > maxBytes) return refuse();
      chunks.push(read.value);
    }
    c.req.raw = new Request(c.req.url, {
      method,
      headers,
      signal,
      body: bytes === 0 ? null : Buffer.concat(chunks),
    });
    return next();
  };
