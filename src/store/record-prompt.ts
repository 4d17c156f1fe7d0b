import { outcomeOfVotes, progressOf } from '../domain/count-votes';
import type { Prompt, RecordedPrompt, RecordPromptInput } from '../domain/steps';
import { appendRecords } from './audit-store';
import type { PrismaClient } from './generated/client';
import { lockRun, settledAs } from './people-transaction';
import { readPoll } from './read-poll';
import { numbered } from './run-commit';

/** Tells people again, or lets others decide too; see `PeopleStore`. */
export async function recordPrompt(
  client: PrismaClient,
  input: RecordPromptInput & { at: number },
): Promise<RecordedPrompt> {
  const { runId, approvalId, prompt, firstSequence, at } = input;
  return client.$transaction(async (transaction) => {
    await lockRun(transaction, runId);
    const { approval } = await readPoll(transaction, { ...input, by: null });
    if (!approval) return { outcome: null, progress: null };
    if (approval.outcome) return { outcome: approval.outcome, progress: null };
    const { tool, expiresAt, votes } = approval;
    const escalatedTo = prompt.kind === 'escalated' ? prompt.role : approval.poll.escalatedTo;
    const poll = { ...approval.poll, escalatedTo };
    // Holders of the role may have said so before it was enough.
    const settled = outcomeOfVotes(votes, poll);
    const progress = progressOf(votes, poll);
    await transaction.approval.update({
      where: { id: approvalId },
      data: { escalatedTo, ...(settled ? settledAs(settled, at) : {}) },
    });
    const by = votes.map((vote) => vote.by);
    const lacking = progress.roles.filter((role) => role.votes < role.quorum).map(({ role }) => role);
    await appendRecords(transaction, input, {
      events: numbered(runId, firstSequence, at, [
        {
          type: 'approval',
          data: {
            ...{ approvalId, tool, outcome: prompt.kind, by, expiresAt },
            roles: prompt.kind === 'escalated' ? [prompt.role] : lacking,
            reason: reasonOf(prompt, progress.missing),
          },
        },
        ...(settled
          ? [{ type: 'approval' as const, data: { approvalId, tool, outcome: settled.kind, by } }]
          : []),
      ]),
      audit:
        prompt.kind === 'escalated'
          ? [
              {
                key: `escalation:${approvalId}`,
                kind: 'approval',
                body: { approvalId, outcome: settled?.kind ?? null, escalatedTo, afterMs: prompt.afterMs },
                at,
              },
            ]
          : [],
    });
    return { outcome: settled, progress };
  });
}

function reasonOf(prompt: Prompt, missing: string): string {
  switch (prompt.kind) {
    case 'reminder':
      return `still waiting for ${missing}`;
    case 'escalated':
      return `nobody decided for long: people with the role \`${prompt.role}\` may decide too`;
  }
}
