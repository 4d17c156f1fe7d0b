import type { RecordedRevocation } from '../domain/steps';
import { visibleText } from '../domain/visible-text';
import type { RevocationToRecord } from '../policy/people-records';
import { appendRecords } from './audit-store';
import type { PrismaClient } from './generated/client';
import { lockRun, refused } from './people-transaction';
import { numbered } from './run-commit';

/** Ends what was approved for the rest of the run. */
export async function recordRevocation(
  client: PrismaClient,
  revocation: RevocationToRecord,
): Promise<RecordedRevocation> {
  const { runId, organizationId, approvalId, by, isVerified, firstSequence, at } = revocation;
  return client.$transaction(async (transaction) => {
    await lockRun(transaction, runId);
    const standing = await transaction.standingApproval.findFirst({
      where: { runId, organizationId, approvalId },
    });
    if (!standing)
      return refused(`\`${visibleText(approvalId, 80)}\` was not approved for the rest of this run`);
    const { id, tool, revokedAt, revokedBy } = standing;
    if (revokedAt)
      return revokedBy === by
        ? { accepted: true }
        : refused(
            `it was revoked already, by \`${visibleText(revokedBy ?? 'unknown', 80)}\` at ${revokedAt.toISOString()}`,
          );
    await transaction.standingApproval.update({
      where: { id },
      data: { revokedAt: new Date(at), revokedBy: by },
    });
    await appendRecords(transaction, revocation, {
      events: numbered(runId, firstSequence, at, [
        { type: 'approval', data: { approvalId, tool, outcome: 'revoked', by: [by] } },
      ]),
      audit: [
        {
          key: `revocation:${approvalId}`,
          kind: 'revocation',
          body: { approvalId, standing: id, by, isVerified },
          at,
        },
      ],
    });
    return { accepted: true };
  });
}
