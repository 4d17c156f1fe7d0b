import { Hono } from 'hono';
import { notificationKinds } from '../../domain/notification';
import type { ConsoleContext, ConsoleEnvironment } from '../environment';
import { frameOf, query, requireScope } from '../page';
import { Heading, Layout, Notice } from '../parts/layout';
import { paths } from '../paths';
import { Deliveries } from './webhook-deliveries';
import { AddForm, Webhooks } from './webhook-list';

const DELIVERIES_SHOWN = 100;

/** Who outside is told what happens, and what became of each message. */
export const createWebhookPage = () =>
  new Hono<ConsoleEnvironment>()
    .get('/', async (c) => c.html(await page(c)))
    .post('/', async (c) => {
      requireScope(c.get('caller'), 'admin');
      const form = c.get('form');
      const chosen = form.texts('event');
      const { webhook, secret } = await c.get('commands').addWebhook({
        url: form.text('url').trim(),
        kind: form.text('kind') === 'slack' ? 'slack' : 'webhook',
        events: chosen.length === 0 ? notificationKinds : chosen,
        hasContent: form.text('content') === 'yes',
        by: c.get('caller').person,
      });
      return c.html(await page(c, { secret: { id: webhook.id, text: secret } }), 201);
    })
    .post('/:id/test', async (c) => {
      requireScope(c.get('caller'), 'admin');
      const { status, lastError } = await c.get('commands').testWebhook(c.req.param('id'));
      return c.html(
        await page(c, { tested: status === 'delivered' ? null : (lastError ?? 'not delivered') }),
      );
    })
    .post('/:id/remove', async (c) => {
      requireScope(c.get('caller'), 'admin');
      await c.get('commands').removeWebhook(c.req.param('id'), c.get('caller').person);
      return c.redirect(paths.webhooks, 303);
    });

interface Done {
  /** Of a webhook that was just added: shown this once. */
  secret?: { id: string; text: string };
  /** Why a test was not delivered; null for one that was. */
  tested?: string | null;
}

async function page(c: ConsoleContext, { secret, tested }: Done = {}) {
  const frame = await frameOf(c, 'webhooks', 'Webhooks');
  const only = query(c, 'webhook') || undefined;
  const [webhooks, deliveries] = await Promise.all([
    c.get('commands').listWebhooks(),
    c.get('commands').listDeliveries({ webhookId: only, limit: DELIVERIES_SHOWN }),
  ]);
  return (
    <Layout frame={frame}>
      <Heading title="Webhooks">
        <p class="quiet">Who outside is told what happens: signed, tried again, and on record.</p>
      </Heading>
      {secret ? (
        <Notice tone="good">
          Webhook {secret.id} is told from now on. Its secret is shown this once: <code>{secret.text}</code>
        </Notice>
      ) : null}
      {tested === undefined ? null : (
        <Notice tone={tested === null ? 'good' : 'bad'}>
          {tested === null ? 'The test was delivered.' : `The test was not delivered: ${tested}`}
        </Notice>
      )}
      <section class="card" aria-labelledby="webhooks">
        <h2 id="webhooks">Told now</h2>
        <Webhooks webhooks={webhooks} csrf={c.get('csrf')} />
      </section>
      <section class="card" aria-labelledby="add">
        <h2 id="add">Tell another</h2>
        <AddForm csrf={c.get('csrf')} />
      </section>
      <section class="card" aria-labelledby="deliveries">
        <h2 id="deliveries">What was sent</h2>
        <Deliveries deliveries={deliveries} only={only} />
      </section>
    </Layout>
  );
}
