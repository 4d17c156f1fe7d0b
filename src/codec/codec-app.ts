import type { Payload } from '@temporalio/common';
import { type Context, Hono } from 'hono';
import { cors } from 'hono/cors';
import { z } from 'zod';
import { GatehouseError, publicMessage } from '../domain/errors';
import { limitBody } from '../http/limit-body';
import { type Admit, DecodingRefusedError, type Shown, type Wanted } from './decoding-question';
import type { GatehouseCodec, OpenedPayload } from './payload-codec';

export interface CodecAppOptions {
  codec: GatehouseCodec;
  /** Says who may read: asked once it is known whose payloads they are, and before a large body is read as well. */
  admit: Admit;
  /** Name of the cookie with the console's session. */
  sessionCookie: string;
  /** Origin of the Temporal UI, `http://host:port`: pages of no other may ask. `null` where there is none. */
  uiOrigin: string | null;
}

/** UI and CLI ask for the payloads of one event at a time, which are 4 MiB at most; as text they grow by a third. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;
/** Not worth a question of its own before it is read. */
const SMALL_BODY_BYTES = 256 * 1024;

const bytes = z.base64().transform((text) => Buffer.from(text, 'base64'));
const body = z.object({
  payloads: z
    .array(z.object({ metadata: z.record(z.string(), bytes).nullish(), data: bytes.nullish() }))
    .nullish(),
});

/**
 * Temporal's remote codec: `POST /decode` and `POST /encode`, for the Temporal UI (from its own origin, with the session of
 * the console) and for `temporal --codec-endpoint` with a bearer. Whoever asks gets what runs of their organization said.
 */
export function createCodecApp({ codec, admit, sessionCookie, uiOrigin }: CodecAppOptions): Hono {
  const app = new Hono();
  const nothing: Wanted = { workflows: [], hasUnknown: false };
  const works = {
    '/decode': async (payloads: Payload[], shown: Shown) => {
      let opened: OpenedPayload[];
      try {
        opened = codec.open(payloads);
      } catch (error) {
        // Who may not read is not told what opens either.
        await admit(shown, nothing);
        throw error;
      }
      await admit(shown, wantedOf(opened));
      return opened.map(({ payload }) => payload);
    },
    '/encode': async (payloads: Payload[], shown: Shown) => {
      // Whoever reaches Temporal may send it something in clear as well.
      await admit(shown, nothing);
      return codec.encode(payloads);
    },
  } as const;

  for (const [path, work] of Object.entries(works)) {
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
      await next();
      c.header('Cache-Control', 'no-store');
      c.header('X-Content-Type-Options', 'nosniff');
    });
    app.post(
      path,
      async (c, next) => {
        const origin = c.req.header('Origin');
        if (origin !== undefined && origin !== uiOrigin)
          return c.json({ message: 'pages of this origin may not ask' }, 403);
        const shown = shownBy(c.req.raw, sessionCookie);
        if (shown === null)
          return c.json({ message: 'log in to the console, or send `Authorization: Bearer KEY`' }, 401);
        return answering(c, async () => {
          if (!(Number(c.req.header('Content-Length')) <= SMALL_BODY_BYTES)) await admit(shown, nothing);
          await next();
        });
      },
      limitBody(MAX_BODY_BYTES, (c) => c.json({ message: 'too many bytes' }, 413)),
      async (c) => {
        const parsed = body.safeParse(await c.req.json().catch(() => null));
        if (!parsed.success) return c.json({ message: 'expected `{"payloads": […]}`' }, 400);
        return answering(c, async () => {
          // The Temporal UI sends `{}` now and then, and waits for an answer.
          const payloads = (parsed.data.payloads ?? []) as Payload[];
          return c.json({ payloads: (await work(payloads, shownBy(c.req.raw, sessionCookie)!)).map(asJson) });
        });
      },
    );
  }
  return app;
}

/**
 * What a caller shows. A session counts only from a page, which says its origin: a browser sends the cookie along with
 * whatever asks here, and says so of nothing else.
 */
export function shownBy({ headers }: Request, sessionCookie: string): Shown | null {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.get('Authorization') ?? '')?.[1];
  if (bearer !== undefined) return { kind: 'bearer', token: bearer };
  if (!headers.has('Origin')) return null;
  const cookies = (headers.get('Cookie') ?? '').split('; ');
  const token = cookies.find((each) => each.startsWith(`${sessionCookie}=`))?.slice(sessionCookie.length + 1);
  return token ? { kind: 'session', token } : null;
}

function wantedOf(opened: readonly OpenedPayload[]): Wanted {
  const workflows = opened.flatMap(({ of }) => (of.kind === 'workflow' ? [of.id] : []));
  return {
    workflows: [...new Set(workflows)].sort(),
    hasUnknown: opened.some(({ of }) => of.kind === 'unknown'),
  };
}

async function answering<Answer>(c: Context, work: () => Promise<Answer>): Promise<Answer | Response> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof GatehouseError)) throw error;
    const status = error instanceof DecodingRefusedError ? error.status : 400;
    return c.json({ message: publicMessage(error), code: error.code }, status);
  }
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
