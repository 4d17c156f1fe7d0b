import type { Poll } from '../domain/count-votes';
import type { Finding } from '../domain/decision';
import { peopleSettings } from '../domain/people-settings';
import type { Vote } from '../domain/vote';
import type { Prisma } from './generated/client';

/** An approval's row with what its votes are counted by. */
export const WITH_POLL = {
  run: { select: { agent: true, requestedBy: true, organization: { select: { people: true } } } },
} satisfies Prisma.ApprovalInclude;

type Polled = Prisma.ApprovalGetPayload<{ include: typeof WITH_POLL }>;

/** What an approval's votes are counted by. Who works alone is read as it is now, not as when the run began. */
export function pollOf({ findings, args, escalatedTo, run }: Polled): Poll {
  return {
    findings: findings as unknown as Finding[],
    args,
    escalatedTo,
    requestedBy: run.requestedBy,
    isSingleOperator: peopleSettings(run.organization.people).isSingleOperator,
  };
}

/** The votes of people who still count: neither they nor the key they signed with were taken away meanwhile. */
export async function stillCounting(
  transaction: Prisma.TransactionClient,
  organizationId: string,
  votes: readonly Vote[],
): Promise<Vote[]> {
  if (votes.length === 0) return [];
  const disabled = await transaction.person.findMany({
    where: { organizationId, name: { in: votes.map((vote) => vote.by) }, disabledAt: { not: null } },
    select: { name: true },
  });
  const signedWith = votes.flatMap(({ proof }) => (proof.kind === 'own-key' ? proof.key : []));
  const keys = await transaction.personKey.findMany({
    where: { organizationId, thumbprint: { in: signedWith }, revokedAt: null },
    select: { thumbprint: true },
  });
  return votes.filter(
    ({ by, proof }) =>
      !disabled.some(({ name }) => name === by) &&
      (proof.kind !== 'own-key' || keys.some(({ thumbprint }) => thumbprint === proof.key)),
  );
}
