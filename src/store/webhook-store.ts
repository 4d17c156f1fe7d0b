import { randomUUID } from 'node:crypto';
import { GatehouseError } from '../domain/errors';
import type { NotificationKind } from '../domain/notification';
import type { Database } from './database';
import type { DeliveryStatus, NotificationDelivery, Webhook, WebhookKind } from './generated/client';
import { appendOrganizationRecords } from './organization-audit';

export type WebhookStore = ReturnType<typeof createWebhookStore>;

export interface StoredWebhook {
  id: string;
  url: string;
  kind: WebhookKind;
  events: string[];
  hasContent: boolean;
  createdBy: string;
  /** Milliseconds since the epoch. */
  createdAt: number;
}

/** One line of the delivery log; neither secrets nor bodies. */
export interface StoredDelivery {
  id: string;
  webhookId: string;
  kind: NotificationKind;
  runId: string | null;
  status: DeliveryStatus;
  attempts: number;
  lastStatus: number | null;
  lastError: string | null;
  bodyHash: string | null;
  /** Milliseconds since the epoch, as all below. */
  createdAt: number;
  nextAttemptAt: number | null;
  settledAt: number | null;
}

export interface NewWebhook {
  url: string;
  kind: WebhookKind;
  secret: string;
  events: string[];
  hasContent: boolean;
  by: string;
  at: number;
}

/** Most webhooks of an organization: every event is one delivery for each. */
const MAX_WEBHOOKS = 20;

export const createWebhookStore = (database: Database) =>
  database.guarded({
    /** @throws GatehouseError `too-many-webhooks`, `organization-unknown` */
    async add(organizationId: string, { by, at, ...webhook }: NewWebhook): Promise<StoredWebhook> {
      const id = `whk-${randomUUID().replaceAll('-', '').slice(0, 16)}`;
      return database.client.$transaction(async (transaction) => {
        await appendOrganizationRecords(transaction, organizationId, [
          { key: `webhook:${id}:added`, kind: 'webhook', body: auditBody(id, 'added', webhook, by), at },
        ]);
        const count = await transaction.webhook.count({ where: { organizationId, removedAt: null } });
        if (count >= MAX_WEBHOOKS)
          throw new GatehouseError(
            'too-many-webhooks',
            `an organization has at most ${MAX_WEBHOOKS} webhooks; remove one first`,
          );
        const data = { ...webhook, id, organizationId, createdBy: by, createdAt: new Date(at) };
        return webhookOf(await transaction.webhook.create({ data }));
      });
    },

    async list(organizationId: string): Promise<StoredWebhook[]> {
      const rows = await database.client.webhook.findMany({
        where: { organizationId, removedAt: null },
        orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
      });
      return rows.map(webhookOf);
    },

    /** Nothing is sent to it any more. @throws GatehouseError `webhook-unknown` */
    async remove(organizationId: string, id: string, by: string, at: number): Promise<StoredWebhook> {
      return database.client.$transaction(async (transaction) => {
        const found = await transaction.webhook.findFirst({ where: { id, organizationId, removedAt: null } });
        if (!found) throw webhookUnknown(id);
        await appendOrganizationRecords(transaction, organizationId, [
          { key: `webhook:${id}:removed`, kind: 'webhook', body: auditBody(id, 'removed', found, by), at },
        ]);
        return webhookOf(
          await transaction.webhook.update({ where: { id }, data: { removedAt: new Date(at) } }),
        );
      });
    },

    /** Has a test sent. @returns the delivery. @throws GatehouseError `webhook-unknown` */
    async addTest(organizationId: string, webhookId: string): Promise<string> {
      const found = await database.client.webhook.findFirst({
        where: { id: webhookId, organizationId, removedAt: null },
      });
      if (!found) throw webhookUnknown(webhookId);
      const id = randomUUID();
      await database.client.notificationDelivery.create({
        data: { id, organizationId, webhookId, kind: 'test' },
      });
      return id;
    },

    async delivery(organizationId: string, id: string): Promise<StoredDelivery | null> {
      const row = await database.client.notificationDelivery.findFirst({ where: { id, organizationId } });
      return row ? deliveryOf(row) : null;
    },

    /** The newest first. */
    async listDeliveries(
      organizationId: string,
      { webhookId, limit }: { webhookId?: string; limit: number },
    ): Promise<StoredDelivery[]> {
      const rows = await database.client.notificationDelivery.findMany({
        where: { organizationId, webhookId },
        orderBy: [{ createdAt: 'desc' }, { id: 'asc' }],
        take: limit,
      });
      return rows.map(deliveryOf);
    },
  });

function webhookUnknown(id: string): GatehouseError {
  return new GatehouseError(
    'webhook-unknown',
    `there is no webhook \`${id.slice(0, 60)}\`; \`gatehouse webhooks list\` shows those there are`,
  );
}

/** Where it leads, without what may be a secret. */
function auditBody(
  webhookId: string,
  action: 'added' | 'removed',
  { url, kind, events, hasContent }: Pick<Webhook, 'url' | 'kind' | 'events' | 'hasContent'>,
  by: string,
) {
  return { webhookId, action, origin: new URL(url).origin, kind, events, hasContent, by };
}

function webhookOf({ id, url, kind, events, hasContent, createdBy, createdAt }: Webhook): StoredWebhook {
  return { id, url, kind, events, hasContent, createdBy, createdAt: createdAt.getTime() };
}

function deliveryOf(row: NotificationDelivery): StoredDelivery {
  const { id, webhookId, runId, status, attempts, lastStatus, lastError, bodyHash } = row;
  return {
    ...{ id, webhookId, runId, status, attempts, lastStatus, lastError, bodyHash },
    kind: row.kind as NotificationKind,
    createdAt: row.createdAt.getTime(),
    nextAttemptAt: row.nextAttemptAt?.getTime() ?? null,
    settledAt: row.settledAt?.getTime() ?? null,
  };
}
