import { Hono } from 'hono';
import type { ConsoleEnvironment } from '../environment';
import { frameOf, mayDo } from '../page';
import { Heading, Layout } from '../parts/layout';
import { StandingRows } from '../parts/standing';

const TITLE = 'Approved for whole runs';

/** What is approved for the rest of any open run. */
export const createStandingPage = () =>
  new Hono<ConsoleEnvironment>().get('/', async (c) => {
    const frame = await frameOf(c, 'inbox', TITLE);
    const standing = await c.get('commands').listStandingInForce();
    return c.html(
      <Layout frame={frame}>
        <Heading title={TITLE}>
          <p class="quiet">The same action runs again without asking, until its run ends or it is revoked.</p>
        </Heading>
        {standing.length === 0 ? (
          <div class="empty">
            <p class="empty-title">Nothing is approved for a whole run</p>
            <p class="quiet">Every held action is decided by itself.</p>
          </div>
        ) : (
          <section class="card">
            <StandingRows
              standing={standing}
              csrf={c.get('csrf')}
              mayRevoke={mayDo(c, 'approvals:decide')}
              on="list"
            />
          </section>
        )}
      </Layout>,
    );
  });
