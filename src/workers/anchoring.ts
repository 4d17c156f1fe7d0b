import type { Logger } from 'pino';
import type { AnchorStore } from '../store/anchor-store';
import { startRounds } from './rounds';

export interface AnchoringOptions {
  anchors: Pick<AnchorStore, 'anchorAll'>;
  everyMs: number;
  /** Hears where each organization's chain stands: kept elsewhere, that is a witness beside the database. */
  logger: Pick<Logger, 'info' | 'warn'>;
}

/**
 * Anchors what went on, at once and then again and again: what an earlier process left behind as well. A failure is
 * logged and tried again with the next round.
 */
export function startAnchoring({ anchors, everyMs, logger }: AnchoringOptions): { stop(): Promise<void> } {
  return startRounds(async () => {
    try {
      for (const anchoring of await anchors.anchorAll()) logger.info(anchoring, 'the audit was anchored');
    } catch (error) {
      logger.warn({ err: error }, 'the audit could not be anchored; it is tried again');
    }
  }, everyMs);
}
