import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { GatehouseError } from '../src/domain/errors';
import { sha256 } from '../src/domain/hashing';
import type { Notification } from '../src/domain/notification';
import type { AddressGuard } from '../src/notifications/address-guard';
import { placeOfUrl } from '../src/notifications/address-guard';
import { type Posted, post } from '../src/notifications/post';
import { signedHeaders } from '../src/notifications/sign';
import { slackBody } from '../src/notifications/slack-body';
import { webhookBody } from '../src/notifications/webhook-body';
import type { DeliveryStore, DueDelivery } from '../src/store/delivery-store';
import { toFailure } from './failures';

export interface DeliverNotificationDependencies {
  deliveries: DeliveryStore;
  guard: AddressGuard;
  /** Where people open the console; null where nobody said. */
  publicUrl: string | null;
  now(): number;
}

/** Tries again after this, twice as long each time. */
const FIRST_DELAY_MS = 5_000;
const MAX_DELAY_MS = 60 * 60 * 1000;
/** What a receiver may ask for at most: longer would not leave a second try within the day. */
const MAX_RETRY_AFTER_MS = 6 * 60 * 60 * 1000;

/**
 * One attempt at a notification. What may heal fails, and Temporal tries again; the log says how it stands. A workflow
 * knows the delivery's id only: neither secret nor text is in its history.
 */
export const createDeliverNotification = (dependencies: DeliverNotificationDependencies) => ({
  async deliver(deliveryId: string): Promise<void> {
    const { deliveries, now } = dependencies;
    const due = await deliveries.due(deliveryId).catch((error) => Promise.reject(toFailure(error)));
    // Settled by an attempt whose end nobody heard of.
    if (!due) return deliveries.giveUp(deliveryId, now());
    const attempt = await attemptAt(due, dependencies);
    const { delayMs, error } = attempt;
    const nextAttemptAt = delayMs === null ? null : now() + delayMs;
    await deliveries.recordAttempt({ ...attempt, id: deliveryId, nextAttemptAt, at: now() });
    if (error === null) return;
    throw ApplicationFailure.create({
      message: error,
      type: delayMs === null ? 'webhook-refused' : 'webhook-unreachable',
      nonRetryable: delayMs === null,
      ...(delayMs === null ? {} : { nextRetryDelay: delayMs }),
    });
  },

  async giveUp(deliveryId: string): Promise<void> {
    try {
      await dependencies.deliveries.giveUp(deliveryId, dependencies.now());
    } catch (error) {
      throw toFailure(error);
    }
  },
});

interface Attempt {
  bodyHash: string | null;
  status: number | null;
  error: string | null;
  /** Null when it is over. */
  delayMs: number | null;
}

async function attemptAt(due: DueDelivery, dependencies: DeliverNotificationDependencies): Promise<Attempt> {
  const { webhook, id } = due;
  const nothing: Attempt = { bodyHash: null, status: null, error: null, delayMs: null };
  if (webhook.isRemoved) return { ...nothing, error: 'the webhook was removed' };
  const url = new URL(webhook.url);
  const notification = { ...due, link: linkOf(due, dependencies.publicUrl) };
  const body = (webhook.kind === 'slack' ? slackBody : webhookBody)(notification, webhook.hasContent);
  const bodyHash = sha256(body);
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'gatehouse',
    ...signedHeaders(webhook.secret, id, body, dependencies.now()),
  };
  try {
    const posted = await post(url, { headers, body }, { guard: dependencies.guard });
    return { bodyHash, status: posted.status, ...judged(posted, url) };
  } catch (error) {
    if (!(error instanceof GatehouseError)) throw error;
    const isFinal = error.code === 'webhook-address-refused';
    return { ...nothing, bodyHash, error: error.message, delayMs: isFinal ? null : backoffMs() };
  }
}

function judged({ status, retryAfterMs }: Posted, url: URL): Pick<Attempt, 'error' | 'delayMs'> {
  if (status >= 200 && status < 300) return { error: null, delayMs: null };
  const error = `\`${placeOfUrl(url)}\` answered ${status}`;
  if (status >= 300 && status < 400)
    return { error: `${error}, and redirects are not followed`, delayMs: null };
  if (status < 500 && status !== 408 && status !== 429) return { error, delayMs: null };
  return { error, delayMs: Math.max(backoffMs(), Math.min(retryAfterMs ?? 0, MAX_RETRY_AFTER_MS)) };
}

function backoffMs(): number {
  const { attempt } = Context.current().info;
  const delayMs = Math.min(FIRST_DELAY_MS * 2 ** (attempt - 1), MAX_DELAY_MS);
  // Many that failed together do not come back together.
  return Math.round(delayMs * (0.8 + 0.4 * Math.random()));
}

function linkOf({ subject, run }: DueDelivery, publicUrl: string | null): string | null {
  if (publicUrl === null) return null;
  const path = pathOf(subject, run);
  return `${publicUrl.replace(/\/+$/, '')}/console${path}`;
}

function pathOf(subject: Notification['subject'], run: DueDelivery['run']): string {
  switch (subject.kind) {
    case 'approval':
    case 'reminder':
    case 'escalated':
      return `/approvals/${encodeURIComponent(subject.approvalId)}`;
    case 'question':
    case 'budget':
    case 'run-ended':
      return run ? `/runs/${encodeURIComponent(run.id)}` : '';
    case 'break-glass':
      return '/break-glass';
    case 'test':
      return '';
  }
}
