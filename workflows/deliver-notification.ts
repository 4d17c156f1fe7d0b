import type { ActivityOptions } from '@temporalio/common';
import { isCancellation, proxyActivities } from '@temporalio/workflow';
import type { createDeliverNotification } from '../activities/deliver-notification';
import { queues } from './messages';

const DELIVERY: ActivityOptions = {
  taskQueue: queues.notifications,
  // A day of attempts; each says itself when the next one is due.
  scheduleToCloseTimeout: '24h',
  startToCloseTimeout: '30s',
};

const { deliver } = proxyActivities<ReturnType<typeof createDeliverNotification>>(DELIVERY);
const { giveUp } = proxyActivities<ReturnType<typeof createDeliverNotification>>({
  taskQueue: queues.notifications,
  startToCloseTimeout: '30s',
});

/**
 * Delivers one notification, trying again for a day.
 *
 * @param deliveryId all that history knows of it
 */
export async function deliverNotification(deliveryId: string): Promise<void> {
  try {
    await deliver(deliveryId);
  } catch (error) {
    if (!isCancellation(error)) await giveUp(deliveryId);
    throw error;
  }
}
