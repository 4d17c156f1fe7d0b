import type { Payload, PayloadCodec } from '@temporalio/common';
import { Hono } from 'hono';
import { cors } from 'hono/cors';
import { z } from 'zod';
import { GatehouseError, publicMessage } from '../domain/errors';
import { limitBody } from '../http/limit-body';

export interface CodecAppOptions {
  codec: PayloadCodec;
  /** Whether this caller may read what runs say. Asked for every request but a browser's preflight. */
  authenticate(request: Request): boolean | Promise<boolean>;
  /** Origin of the Temporal UI, `http://host:port`: pages of no other may ask. `null` where there is none. */
  uiOrigin: string | null;
}

/** A page of the Temporal UI asks for a few payloads at a time, each of at most 2 MiB; as text they grow by a third. */
const MAX_BODY_BYTES = 32 * 1024 * 1024;

const bytes = z.base64().transform((text) => Buffer.from(text, 'base64'));
const body = z.object({
  payloads: z
    .array(z.object({ metadata: z.record(z.string(), bytes).nullish(), data: bytes.nullish() }))
    .nullish(),
});

/**
 * Temporal's remote codec: `POST /decode` and `POST /encode`, for the Temporal UI (from its own origin, with the caller's
 * cookie) and for `temporal --codec-endpoint`. To be mounted where `authenticate` knows the caller.
 */
export function createCodecApp({ codec, authenticate, uiOrigin }: CodecAppOptions): Hono {
  const app = new Hono();
  const convert = { '/decode': codec.decode, '/encode': codec.encode } as const;
  for (const [path, work] of Object.entries(convert)) {
    app.use(
      path,
      cors({
        origin: (origin) => (origin === uiOrigin ? origin : null),
        allowMethods: ['POST'],
        allowHeaders: ['Content-Type', 'X-Namespace', 'Authorization', 'Authorization-Extras'],
        credentials: true,
        maxAge: 600,
      }),
    );
    app.use(path, async (c, next) => {
      const origin = c.req.header('Origin');
      if (origin !== undefined && origin !== uiOrigin)
        return c.json({ message: 'pages of this origin may not ask' }, 403);
      if (!(await authenticate(c.req.raw)))
        return c.json({ message: 'sign in, or send `Authorization: Bearer KEY`' }, 401);
      await next();
    });
    app.post(
      path,
      limitBody(MAX_BODY_BYTES, (c) => c.json({ message: 'too many bytes' }, 413)),
      async (c) => {
        const parsed = body.safeParse(await c.req.json().catch(() => null));
        if (!parsed.success) return c.json({ message: 'expected `{"payloads": […]}`' }, 400);
        try {
          // The Temporal UI sends `{}` now and then, and waits for an answer.
          const payloads = (parsed.data.payloads ?? []) as Payload[];
          return c.json({ payloads: (await work(payloads)).map(asJson) });
        } catch (error) {
          if (!(error instanceof GatehouseError)) throw error;
          return c.json({ message: publicMessage(error), code: error.code }, 400);
        }
      },
    );
  }
  return app;
}

/** As protobuf writes bytes in JSON. */
function asJson({ metadata, data }: Payload): unknown {
  const base64 = (value: Uint8Array | null | undefined) => Buffer.from(value ?? []).toString('base64');
  return {
    metadata: Object.fromEntries(
      Object.entries(metadata ?? {}).map(([name, value]) => [name, base64(value)]),
    ),
    data: base64(data),
  };
}
