import { bearerOf, requireScope } from './authentication';
import type { ApiDependencies } from './dependencies';
import type { Api } from './environment';
import { isFromLoopback } from './guards';

/** How long what is needed may take to answer, in milliseconds. */
const CHECK_LIMIT_MS = 3_000;

/** `/healthz`: the process lives. `/readyz`: what it needs answers. `/metrics`: for this machine, or with a scope. */
export function addHealthRoutes(
  api: Api,
  {
    checks,
    registry,
    authenticate,
    stopping,
  }: Pick<ApiDependencies, 'checks' | 'registry' | 'authenticate' | 'stopping'>,
): void {
  api.get('/healthz', (c) => c.json({ status: 'ok' }));

  api.get('/readyz', async (c) => {
    const results = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => [
        name,
        await answers(check, c.get('log').warn.bind(c.get('log'))),
      ]),
    );
    const isReady = !stopping.aborted && results.every(([, isGood]) => isGood);
    const words = results.map(([name, isGood]) => [name, isGood ? 'ok' : 'unreachable']);
    return c.json(
      { status: isReady ? 'ready' : 'not-ready', ...Object.fromEntries(words) },
      isReady ? 200 : 503,
    );
  });

  api.get('/metrics', async (c) => {
    if (!isFromLoopback(c))
      requireScope(await authenticate(bearerOf(c.req.header('authorization'))), 'audit:read');
    return c.body(await registry.metrics(), 200, { 'Content-Type': registry.contentType });
  });
}

async function answers(
  check: () => Promise<void>,
  warn: (fields: object, message: string) => void,
): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${CHECK_LIMIT_MS} ms`)), CHECK_LIMIT_MS);
  });
  try {
    await Promise.race([check(), late]);
    return true;
  } catch (error) {
    warn({ err: error }, 'not ready');
    return false;
  } finally {
    clearTimeout(timer);
  }
}
