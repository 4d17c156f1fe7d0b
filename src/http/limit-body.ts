import type { Context, MiddlewareHandler } from 'hono';

/**
 * Refuses bodies of more bytes. A body that does not say its length is read here, as far as it may go, and handed on
 * whole: requests of Node's server are no `Request` that another can be made of, as Hono's own limit does.
 *
 * @param refuse answers, or throws
 */
export const limitBody =
  (maxBytes: number, refuse: (c: Context) => Response): MiddlewareHandler =>
  async (c, next) => {
    const { method, headers, signal, body } = c.req.raw;
    if (!body) return next();
    const length = headers.get('content-length');
    if (length !== null && !headers.has('transfer-encoding'))
      return Number(length) > maxBytes ? refuse(c) : next();

    const chunks: Uint8Array[] = [];
    let bytes = 0;
    const reader = body.getReader();
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      bytes += read.value.length;
      if (bytes > maxBytes) return refuse(c);
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
