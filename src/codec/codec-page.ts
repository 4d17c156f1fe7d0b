import { type Context, Hono } from 'hono';
import { getCookie } from 'hono/cookie';
import { html } from 'hono/html';
import { publicMessage } from '../domain/errors';
import { type Admit, DecodingRefusedError, type Reader } from './decoding-question';

export interface CodecPageOptions {
  admit: Admit;
  sessionCookie: string;
  /** Where people reach the codec server, without a slash at its end. */
  address: string;
  /** Where people log in. */
  login: string;
}

/** `GET /`: tells a person whether the Temporal UI will show them payloads, and how to set it up. */
export function createCodecPage({ admit, sessionCookie, address, login }: CodecPageOptions): Hono {
  const app = new Hono();
  app.use('/', async (c, next) => {
    await next();
    c.header('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'");
    c.header('Referrer-Policy', 'no-referrer');
    c.header('Cache-Control', 'no-store');
    c.header('X-Content-Type-Options', 'nosniff');
  });

  async function reader(c: Context): Promise<Reader | DecodingRefusedError | null> {
    const token = getCookie(c, sessionCookie);
    if (!token) return null;
    try {
      return await admit({ kind: 'session', token }, { workflows: [], hasUnknown: false });
    } catch (error) {
      if (error instanceof DecodingRefusedError) return error;
      throw error;
    }
  }

  app.get('/', async (c) => {
    const found = await reader(c);
    if (found === null) return c.html(page(loggedOut(login)));
    if (found instanceof DecodingRefusedError)
      return c.html(page(html`<p role="alert">${publicMessage(found)}</p>${loggedOut(login)}`), found.status);
    return c.html(page(loggedIn(found, address)));
  });
  return app;
}

const page = (content: unknown) => html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Gatehouse: encrypted payloads</title></head>
<body><main><h1>Encrypted payloads</h1>${content}</main></body>
</html>`;

const loggedOut = (login: string) =>
  html`<p>Runs are encrypted in Temporal. The Temporal UI shows them to whoever is
<a href="${login}">logged in to the console</a>.</p>`;

const loggedIn = ({ person, organization }: Reader, address: string) =>
  html`<p>You are logged in to the console as <strong>${person}</strong> of <strong>${organization}</strong>: the Temporal UI
shows you what runs of this organization said.</p>
<p>Where it does not, once for each browser: click the glasses at the top right of the Temporal UI, unfold the first box and
choose “Use my browser setting”, paste <code>${address}</code>, switch on “Include cross-origin credentials”, apply.</p>`;
