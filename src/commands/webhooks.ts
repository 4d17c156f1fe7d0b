import { setTimeout as sleep } from 'node:timers/promises';
import { GatehouseError } from '../domain/errors';
import { isNotificationKind, notificationKinds } from '../domain/notification';
import { visibleText } from '../domain/visible-text';
import type { AddressGuard } from '../notifications/address-guard';
import { makeWebhookSecret } from '../notifications/sign';
import type { StoredDelivery, StoredWebhook } from '../store/webhook-store';
import type { CommandDependencies } from './dependencies';

type Dependencies = Pick<CommandDependencies, 'organizationId' | 'webhooks'>;
type AddingDependencies = Pick<CommandDependencies, keyof Dependencies | 'webhookGuard'>;

export interface NewWebhookRequest {
  url: string;
  /** @default 'webhook' */
  kind?: 'webhook' | 'slack';
  /** @default all of them */
  events?: readonly string[];
  /** Whether texts of models, tools and people are sent along. @default true */
  hasContent?: boolean;
  by: string;
}

/** A webhook as people see it: of a chat service the whole address is a secret, so that its path is left out. */
export interface ShownWebhook extends Omit<StoredWebhook, 'url'> {
  url: string;
}

const MAX_URL_LENGTH = 2_000;

/**
 * Adds a webhook. Its secret is shown this once.
 *
 * @throws GatehouseError `webhook-url-invalid`, `webhook-address-refused`, `webhook-event-unknown`, `too-many-webhooks`
 */
export const createAddWebhook =
  ({ organizationId, webhooks, webhookGuard }: AddingDependencies) =>
  async (request: NewWebhookRequest): Promise<{ webhook: ShownWebhook; secret: string }> => {
    const { kind = 'webhook', events = notificationKinds, hasContent = true, by } = request;
    const url = urlOf(request.url);
    const unknown = events.find((event) => !isNotificationKind(event));
    if (unknown !== undefined || events.length === 0)
      throw new GatehouseError(
        'webhook-event-unknown',
        `\`${visibleText(unknown ?? '', 40)}\` is no event; there are ${notificationKinds.map((each) => `\`${each}\``).join(', ')}`,
      );
    await requireReachable(webhookGuard, url);
    const secret = makeWebhookSecret();
    const webhook = await webhooks.add(organizationId, {
      ...{ url: url.href, kind, secret, hasContent, by },
      events: [...new Set(events)],
      at: Date.now(),
    });
    return { webhook: shown(webhook), secret };
  };

export const createListWebhooks =
  ({ organizationId, webhooks }: Dependencies) =>
  async (): Promise<ShownWebhook[]> =>
    (await webhooks.list(organizationId)).map(shown);

/** Nothing is sent to it any more. @throws GatehouseError `webhook-unknown` */
export const createRemoveWebhook =
  ({ organizationId, webhooks }: Dependencies) =>
  async (id: string, by: string): Promise<ShownWebhook> =>
    shown(await webhooks.remove(organizationId, id, by, Date.now()));

/** How long a test is waited for, in milliseconds: one attempt, and the way there. */
const TEST_MS = 20_000;

/**
 * Has a test sent, by the way that every notification takes, and says how the first attempt ended.
 *
 * @throws GatehouseError `webhook-unknown`, `control-unreachable` when nobody sent it in time
 */
export const createTestWebhook =
  ({ organizationId, webhooks }: Dependencies) =>
  async (webhookId: string): Promise<StoredDelivery> => {
    const id = await webhooks.addTest(organizationId, webhookId);
    for (const until = Date.now() + TEST_MS; Date.now() < until; await sleep(100)) {
      const delivery = await webhooks.delivery(organizationId, id);
      if (delivery && (delivery.attempts > 0 || delivery.status !== 'pending')) return delivery;
    }
    throw new GatehouseError(
      'control-unreachable',
      'no control worker sent the test in time; it is sent when one runs',
    );
  };

/** The delivery log, the newest first. */
export const createListDeliveries =
  ({ organizationId, webhooks }: Dependencies) =>
  async ({ webhookId, limit = 50 }: { webhookId?: string; limit?: number } = {}): Promise<StoredDelivery[]> =>
    webhooks.listDeliveries(organizationId, { webhookId, limit: Math.min(limit, 200) });

/** What every delivery would refuse. That a name is not known here and now may be otherwise when there is something to send. */
async function requireReachable(guard: AddressGuard, url: URL): Promise<void> {
  await guard.check(url).catch((error) => {
    if (!(error instanceof GatehouseError && error.code === 'webhook-unreachable')) throw error;
  });
}

function shown(webhook: StoredWebhook): ShownWebhook {
  const { origin, pathname, search } = new URL(webhook.url);
  const isBare = pathname === '/' && search === '';
  return { ...webhook, url: isBare ? origin : `${origin}/…` };
}

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  const problem =
    url === null || text.length > MAX_URL_LENGTH
      ? 'is no address'
      : !['https:', 'http:'].includes(url.protocol)
        ? 'is not an `https://` address'
        : url.username || url.password
          ? 'holds a password; what is sent is signed instead'
          : null;
  // It may be a secret, so that it is not repeated.
  if (url === null || problem) throw new GatehouseError('webhook-url-invalid', `what was given ${problem}`);
  url.hash = '';
  return url;
}
