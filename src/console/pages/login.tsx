import { Hono } from 'hono';
import type { Caller } from '../../domain/caller';
import { GatehouseError, publicMessage } from '../../domain/errors';
import { visibleText } from '../../domain/visible-text';
import { makeSecretToken } from '../../identity/secret-token';
import { assetUrl } from '../assets';
import { type Cookies, formToken, isFormToken } from '../cookies';
import type { ConsoleDependencies } from '../dependencies';
import { Form } from '../environment';
import { Document, Notice } from '../parts/layout';
import { BASE, paths } from '../paths';
import { isSentByOwnPage } from '../same-origin';

type Dependencies = Pick<ConsoleDependencies, 'origin' | 'authenticate' | 'sessions' | 'oidcLogin'> & {
  cookies: Cookies;
};

const LOGIN_LIFETIME_MS = 10 * 60 * 1000;

/** Login with an API key, or through the identity provider. The key itself is not kept. */
export const createLoginPages = ({ origin, authenticate, sessions, oidcLogin, cookies }: Dependencies) =>
  new Hono()
    .get('/login', (c) => {
      const secret = makeSecretToken();
      cookies.write(c, 'login', secret, Date.now() + LOGIN_LIFETIME_MS);
      return c.html(
        <LoginPage
          csrf={formToken(secret)}
          next={ownPath(c.req.query('next'))}
          hasProvider={oidcLogin !== null}
        />,
      );
    })
    .post('/login', async (c) => {
      const form = new Form(await c.req.formData().catch(() => new FormData()));
      const next = ownPath(form.text('next'));
      const secret = cookies.read(c, 'login');
      try {
        if (!isSentByOwnPage(c, origin) || secret === undefined || !isFormToken(form.text('csrf'), secret))
          throw new GatehouseError('form-foreign', 'this form is out of date; try again');
        const caller = await authenticate(form.text('key').trim());
        const { token, expiresAt } = await sessions.begin(caller);
        cookies.clear(c, 'login');
        cookies.write(c, 'session', token, expiresAt);
        return c.redirect(next, 303);
      } catch (error) {
        const renewed = makeSecretToken();
        cookies.write(c, 'login', renewed, Date.now() + LOGIN_LIFETIME_MS);
        return c.html(
          <LoginPage
            csrf={formToken(renewed)}
            next={next}
            hasProvider={oidcLogin !== null}
            problem={publicMessage(error)}
          />,
          error instanceof GatehouseError ? 401 : 500,
        );
      }
    })
    // A link and no form: a form may not lead to another origin here, not even by a redirect.
    .get('/login/provider/begin', async (c) => {
      if (!oidcLogin) return c.redirect(paths.login, 303);
      const { url, state } = await oidcLogin.begin(ownPath(c.req.query('next')));
      cookies.write(c, 'provider', state, Date.now() + LOGIN_LIFETIME_MS);
      return c.redirect(url, 303);
    })
    .get('/login/provider', async (c) => {
      const state = cookies.read(c, 'provider');
      cookies.clear(c, 'provider');
      if (!oidcLogin || !state) return c.redirect(paths.login, 303);
      try {
        const { bearer, next } = await oidcLogin.finish(new URL(c.req.url).searchParams, state);
        const caller = await authenticate(bearer);
        requireSomeScope(caller);
        const { token, expiresAt } = await sessions.begin(caller);
        cookies.write(c, 'session', token, expiresAt);
        return c.redirect(ownPath(next), 303);
      } catch (error) {
        const renewed = makeSecretToken();
        cookies.write(c, 'login', renewed, Date.now() + LOGIN_LIFETIME_MS);
        return c.html(
          <LoginPage csrf={formToken(renewed)} next={BASE} hasProvider problem={publicMessage(error)} />,
          401,
        );
      }
    });

/** Somebody without a role that counts could open no page. @throws GatehouseError `login-refused` */
function requireSomeScope({ person, organizationId, scopes }: Caller): void {
  if (scopes.length > 0) return;
  const [who, where] = [visibleText(person, 80), visibleText(organizationId, 80)];
  throw new GatehouseError(
    'login-refused',
    `the identity provider knows \`${who}\` of \`${where}\`, but gives no role that counts here; ask an admin`,
  );
}

/** Where to go after the login: only to a page of the console, never to another site. */
export function ownPath(path: string | undefined): string {
  if (path === undefined || !/^\/console(\/[\w./?=&%~-]*)?$/.test(path) || path.includes('//')) return BASE;
  return path;
}

interface LoginPageProps {
  csrf: string;
  next: string;
  hasProvider: boolean;
  problem?: string;
}

function LoginPage({ csrf, next, hasProvider, problem }: LoginPageProps) {
  const fields = (
    <>
      <input type="hidden" name="csrf" value={csrf} />
      <input type="hidden" name="next" value={next} />
    </>
  );
  return (
    <Document title="Log in · Gatehouse">
      <body class="login">
        <main class="card">
          <img src={assetUrl('favicon.svg')} alt="" width={48} height={48} />
          <h1>Gatehouse</h1>
          <p class="quiet">Agents propose. You decide what happens.</p>
          {problem ? <Notice tone="bad">{problem}</Notice> : null}
          {hasProvider ? (
            <a
              class="button primary wide"
              href={`${paths.login}/provider/begin?next=${encodeURIComponent(next)}`}
            >
              Log in with your organization
            </a>
          ) : null}
          <form method="post" action={paths.login} class="stack">
            {fields}
            <label>
              API key
              <input
                type="password"
                name="key"
                required
                autocomplete="current-password"
                spellcheck={false}
                autofocus
              />
            </label>
            <button type="submit" class={hasProvider ? 'wide' : 'primary wide'}>
              Log in
            </button>
          </form>
          <p class="quiet small">
            <code>gatehouse up</code> prints the file that holds yours.
          </p>
        </main>
      </body>
    </Document>
  );
}
