import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { Hono } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { html } from 'hono/html';

export interface SignIn {
  /** `GET /` a page that asks for the key, `POST /sign-in` its form. */
  app: Hono;
  /** Whether the caller shows the key as a bearer, or signed in with it. */
  authenticate(request: Request): boolean;
}

const SESSION_SECONDS = 12 * 60 * 60;

/**
 * The login of a codec server that stands alone: one key for all. A browser gets a cookie for it, since the Temporal UI
 * can send cookies and no header of ours.
 *
 * @param address where the server is, `http://127.0.0.1:port`; cookies do not tell ports apart, so its name does
 */
export function createSignIn({ key, address }: { key: string; address: URL }): SignIn {
  const cookie = `gatehouse-codec-${address.port}`;
  const sessions = new Map<string, number>();
  const app = new Hono();

  const hasSession = (id: string | undefined) => id !== undefined && (sessions.get(id) ?? 0) > Date.now();

  app.use(async (c, next) => {
    await next();
    c.header('Content-Security-Policy', "default-src 'none'; form-action 'self'; frame-ancestors 'none'");
    c.header('Cache-Control', 'no-store');
    c.header('X-Content-Type-Options', 'nosniff');
  });
  app.get('/', (c) => c.html(hasSession(getCookie(c, cookie)) ? signedIn(address) : form()));
  app.post('/sign-in', async (c) => {
    const { key: shown } = await c.req.parseBody();
    if (typeof shown !== 'string' || !isSame(shown.trim(), key))
      return c.html(form('This is not the key.'), 401);
    const id = randomBytes(32).toString('base64url');
    for (const [old, until] of sessions) if (until <= Date.now()) sessions.delete(old);
    sessions.set(id, Date.now() + SESSION_SECONDS * 1_000);
    setCookie(c, cookie, id, { httpOnly: true, sameSite: 'Strict', path: '/', maxAge: SESSION_SECONDS });
    return c.redirect('/', 303);
  });

  return {
    app,
    authenticate(request) {
      const bearer = /^Bearer +(\S+)$/i.exec(request.headers.get('Authorization') ?? '')?.[1];
      if (bearer !== undefined && isSame(bearer, key)) return true;
      const cookies = (request.headers.get('Cookie') ?? '').split('; ');
      return hasSession(cookies.find((each) => each.startsWith(`${cookie}=`))?.slice(cookie.length + 1));
    },
  };
}

/** In constant time, whatever their lengths. */
function isSame(one: string, other: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(one), hash(other));
}

const page = (content: unknown) => html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Gatehouse: encrypted payloads</title></head>
<body><main><h1>Encrypted payloads</h1>${content}</main></body>
</html>`;

const form = (problem = '') =>
  page(html`<p>Runs are encrypted in Temporal. Sign in with the API key of this Gatehouse to read them.</p>
${problem ? html`<p role="alert">${problem}</p>` : ''}
<form method="post" action="/sign-in">
<label>API key <input name="key" type="password" autocomplete="off" required autofocus></label>
<button>Sign in</button>
</form>`);

const signedIn = (address: URL) =>
  page(html`<p>This browser may read payloads for 12 hours.</p>
<p>Once for each browser, in the Temporal UI: click the glasses at the top right, unfold the first box and choose “Use my
browser setting”, paste <code>${address.origin}</code>, switch on “Include cross-origin credentials”, apply.</p>`);
