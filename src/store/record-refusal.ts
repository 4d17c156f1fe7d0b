import { visibleText } from '../domain/visible-text';
import { MAX_REFUSED_WORDS, type RefusalToRecord } from '../policy/people-records';
import { appendRecords } from './audit-store';
import type { PrismaClient } from './generated/client';
import { lockRun } from './people-transaction';
import { numbered } from './run-commit';

const KIND = 'refused-word';

/** Longest that names and ids from outside are kept. */
const MAX_NAME_LENGTH = 200;

/** Remembers that somebody said what they could not prove to be theirs; a bounded number of times a run. */
export async function recordRefusal(client: PrismaClient, refusal: RefusalToRecord): Promise<void> {
  const { runId, organizationId, what, code, reason, firstSequence, at } = refusal;
  const id = visibleText(refusal.id, MAX_NAME_LENGTH);
  const claimedBy = refusal.claimedBy === null ? null : visibleText(refusal.claimedBy, MAX_NAME_LENGTH);
  await client.$transaction(async (transaction) => {
    await lockRun(transaction, runId);
    const count = await transaction.auditRecord.count({ where: { runId, kind: KIND } });
    if (count >= MAX_REFUSED_WORDS) return;
    await appendRecords(
      transaction,
      { runId, organizationId },
      {
        events: numbered(runId, firstSequence, at, [{ type: KIND, data: { what, id, claimedBy, reason } }]),
        audit: [
          { key: `${KIND}:${firstSequence}`, kind: KIND, body: { what, id, claimedBy, code, reason }, at },
        ],
      },
    );
  });
}
