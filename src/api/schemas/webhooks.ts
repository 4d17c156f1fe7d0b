import { z } from '@hono/zod-openapi';
import { notificationKinds } from '../../domain/notification';
import { text, time } from './parts';

const kind = z.enum(['webhook', 'slack']);
const event = z.enum(notificationKinds).openapi('NotificationKind');

export const webhook = z
  .object({
    id: z.string(),
    url: z.string().openapi({ description: 'Without its path, which may be a secret' }),
    kind,
    events: z.array(z.string()),
    hasContent: z.boolean(),
    createdBy: z.string(),
    createdAt: time,
  })
  .openapi('Webhook');

export const newWebhook = z
  .strictObject({
    url: text(2_000).min(1).openapi({ example: 'https://hooks.example/gatehouse' }),
    kind: kind.default('webhook').openapi({ description: '`slack`: as messages for Slack' }),
    events: z
      .array(event)
      .min(1)
      .max(notificationKinds.length)
      .default([...notificationKinds])
      .openapi({ description: 'What it is told of' }),
    hasContent: z
      .boolean()
      .default(true)
      .openapi({ description: 'Whether texts of models, tools and people are sent along' }),
  })
  .openapi('NewWebhook', { example: { url: 'https://hooks.example/gatehouse', events: ['approval'] } });

export const createdWebhook = z
  .object({
    webhook,
    secret: z.string().openapi({ description: 'Signs what is sent; shown this once' }),
  })
  .openapi('CreatedWebhook');

export const delivery = z
  .object({
    id: z.string(),
    webhookId: z.string(),
    kind: z.string(),
    runId: z.string().nullable(),
    status: z.enum(['pending', 'delivered', 'failed']),
    attempts: z.int(),
    lastStatus: z.int().nullable().openapi({ description: 'HTTP status of the last answer' }),
    lastError: z.string().nullable(),
    bodyHash: z.string().nullable().openapi({ description: 'SHA-256 of what was sent last' }),
    createdAt: time,
    nextAttemptAt: time.nullable(),
    settledAt: time.nullable(),
  })
  .openapi('Delivery');
