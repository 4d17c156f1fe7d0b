import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { trimTrailingSlash } from 'hono/trailing-slash';
import { GatehouseError, publicMessage } from '../domain/errors';
import { createAssets } from './assets';
import { createCookies, formToken, isFormToken } from './cookies';
import type { ConsoleDependencies } from './dependencies';
import { type ConsoleEnvironment, Form } from './environment';
import { createLive } from './live';
import { createAgentPages } from './pages/agents';
import { createApprovalPages } from './pages/approval';
import { createAuditPage } from './pages/audit';
import { createBreakGlassPage, createEmergency } from './pages/break-glass';
import { createHaltPage } from './pages/halts';
import { createInbox } from './pages/inbox';
import { createLoginPages } from './pages/login';
import { createPeoplePage } from './pages/people';
import { createPolicyPages } from './pages/policies';
import { ErrorPage, ErrorPart } from './pages/problem';
import { createRunPages } from './pages/runs';
import { createStandingPage } from './pages/standing';
import { createWebhookPage } from './pages/webhooks';
import { BASE, paths } from './paths';
import { isOwnHost, isSentByOwnPage } from './same-origin';
import { securityHeaders } from './security-headers';

/** Largest form, in bytes: an approval's edited arguments may hold a whole file. */
const MAX_FORM_BYTES = 2_000_000;

/**
 * The console: pages drawn here, kept live by events, deciding through the same commands as API and CLI. Everybody but
 * the login page is asked for a session; every form for the token of its session and for coming from a page of ours.
 */
export function createConsole(dependencies: ConsoleDependencies) {
  const { origin, sessions } = dependencies;
  const cookies = createCookies(origin);
  const refuseForeignHost = (c: Context) => c.text('this console is known by another name', 421);

  const pages = new Hono<ConsoleEnvironment>()
    .use(async (c, next) => {
      const token = cookies.read(c, 'session');
      const caller = await sessions.callerOf(token);
      if (!caller || token === undefined) {
        const login = `${paths.login}${c.req.method === 'GET' ? `?next=${encodeURIComponent(pathOf(c))}` : ''}`;
        if (c.req.header('hx-request') !== 'true') return c.redirect(login, 303);
        c.header('hx-redirect', paths.login);
        return c.body(null, 204);
      }
      c.set('caller', caller);
      c.set('commands', dependencies.commandsFor(caller));
      c.set('csrf', formToken(token));
      if (c.req.method === 'POST') {
        const form = new Form(await c.req.formData().catch(() => new FormData()));
        if (!isSentByOwnPage(c, origin) || !isFormToken(form.text('csrf'), token))
          throw new GatehouseError('form-foreign', 'this form is not of this session; load the page again');
        c.set('form', form);
      }
      return next();
    })
    .post('/logout', async (c) => {
      const token = cookies.read(c, 'session');
      if (token !== undefined) await sessions.end(token);
      cookies.clear(c, 'session');
      return c.redirect(paths.login, 303);
    })
    .route(
      '/',
      createLive({
        live: dependencies.live,
        tokenOf: (c) => cookies.read(c, 'session'),
        isLoggedIn: async (token) => (await sessions.callerOf(token)) !== null,
      }),
    )
    .route('/', createInbox())
    .route('/', createEmergency())
    .route('/approvals', createApprovalPages(dependencies))
    .route('/runs', createRunPages(dependencies))
    .route('/policies', createPolicyPages(dependencies))
    .route('/agents', createAgentPages())
    .route('/audit', createAuditPage())
    .route('/people', createPeoplePage())
    .route('/standing', createStandingPage())
    .route('/webhooks', createWebhookPage())
    .route('/halts', createHaltPage())
    .route('/break-glass', createBreakGlassPage());

  return new Hono()
    .basePath(BASE)
    .use(securityHeaders)
    .use(trimTrailingSlash())
    .use((c, next) => (isOwnHost(c, origin) ? next() : Promise.resolve(refuseForeignHost(c))))
    .use(
      bodyLimit({
        maxSize: MAX_FORM_BYTES,
        onError: () => {
          throw new GatehouseError('form-too-large', `a form may hold ${MAX_FORM_BYTES} bytes`);
        },
      }),
    )
    .route('/assets', createAssets())
    .route('/', createLoginPages({ ...dependencies, cookies }))
    .route('/', pages)
    .notFound((c) =>
      c.html(<ErrorPage title="There is no such page" text="The address leads nowhere." />, 404),
    )
    .onError((error, c) => {
      const status = statusOf(error);
      if (status === 500) dependencies.warn('a page of the console failed', error);
      const text = publicMessage(error);
      if (c.req.header('hx-request') === 'true') {
        c.header('hx-retarget', '#notice');
        c.header('hx-reswap', 'innerHTML');
        return c.html(<ErrorPart text={text} />, status);
      }
      return c.html(<ErrorPage title={TITLES[status]} text={text} />, status);
    });
}

const TITLES = {
  403: 'Not with this key',
  404: 'Not here',
  409: 'Not possible now',
  422: 'Not accepted',
  500: 'Something went wrong',
  503: 'Not reachable',
} as const;

function statusOf(error: unknown): keyof typeof TITLES {
  if (!(error instanceof GatehouseError)) return 500;
  const { code } = error;
  if (code === 'scope-missing' || code === 'form-foreign') return 403;
  if (code.endsWith('-unknown')) return 404;
  if (code.endsWith('-unreachable')) return 503;
  if (code.endsWith('-settled') || code === 'run-ended' || code === 'refused') return 409;
  return 422;
}

function pathOf(c: Context): string {
  const { pathname, search } = new URL(c.req.url);
  return pathname.startsWith(BASE) ? `${pathname}${search}` : BASE;
}
