import type { ApprovalOutcome } from '../domain/approval';
import { withBreakGlass } from '../domain/break-glass-votes';
import { isSameWord, isWaived, outcomeOfVotes, progressOf, refusalOfVote } from '../domain/count-votes';
import { alreadySettled, describeApproval } from '../domain/settled';
import type { RecordedDecision } from '../domain/steps';
import { isTopUp, topUpProblem } from '../domain/top-up';
import { type Vote, votesOf } from '../domain/vote';
import { type Action, refusalToStand, standingActionOf } from '../policy/action';
import type { DecisionToRecord } from '../policy/people-records';
import { appendRecords } from './audit-store';
import { activeBreakGlass, recordBreakGlassUse } from './break-glass-store';
import type { Prisma, PrismaClient } from './generated/client';
import { json, lockRun, refused, settledAs } from './people-transaction';
import { pollOf, stillCounting, WITH_POLL } from './polls';
import { numbered } from './run-commit';

/** Counts one vote; see `PeopleStore`. */
export async function recordDecision(
  client: PrismaClient,
  decision: DecisionToRecord,
): Promise<RecordedDecision> {
  const { runId, organizationId, approvalId, at } = decision;
  return client.$transaction(async (transaction) => {
    await lockRun(transaction, runId);
    const approval = await transaction.approval.findFirst({
      where: { id: approvalId, runId, organizationId },
      include: WITH_POLL,
    });
    if (!approval) return refused(`there is no approval \`${approvalId}\` in this run`);
    if (approval.actionHash !== decision.actionHash)
      return refused('`actionHash` is not that of this approval; look at `pending` again');
    const poll = pollOf(approval);
    const vote = voteOf(decision, approval.args);
    const all = votesOf(approval.votes);
    const outcome = approval.outcome as unknown as ApprovalOutcome | null;
    if (outcome)
      return all.some((each) => isSameWord(each, vote))
        ? { accepted: true, outcome }
        : refused(
            alreadySettled('approval', describeApproval(outcome), approval.settledAt?.getTime() ?? null),
          );
    const votes = await stillCounting(transaction, organizationId, all);
    const terms = refusalOfTerms(vote, approval);
    if (terms) return refused(terms);
    const isRepeated = votes.some((each) => isSameWord(each, vote));
    const refusal = isRepeated ? null : refusalOfVote(vote, votes, poll);
    const isShort = isRepeated || refusal !== null || outcomeOfVotes([...votes, vote], poll) === null;
    const breakGlass =
      isShort && vote.verdict === 'approve'
        ? await activeBreakGlass(transaction, {
            ...{ organizationId, runId, by: vote.by },
            agent: approval.run.agent,
          })
        : null;
    if (isRepeated && !breakGlass) return { accepted: true, outcome, progress: progressOf(votes, poll) };
    if (refusal && !breakGlass) return refused(refusal);
    const said: Vote = {
      ...vote,
      ...(breakGlass ? { breakGlass } : isWaived(vote, poll) ? { waived: 'four-eyes' } : {}),
    };
    const counted = [...votes.filter((each) => !isSameWord(each, said)), said];
    const countedBy = withBreakGlass(poll, counted);
    const settled = outcomeOfVotes(counted, countedBy);
    await transaction.approval.update({
      where: { id: approvalId },
      data: { votes: json(counted), ...(settled ? settledAs(settled, at) : {}) },
    });
    const standing = await letStand(transaction, decision, approval, settled);
    const { callId, actionHash, tool } = approval;
    if (breakGlass)
      await recordBreakGlassUse(transaction, organizationId, breakGlass, {
        ...{ by: said.by, runId, approvalId, tool },
      });
    const progress = progressOf(counted, countedBy);
    await appendRecords(transaction, decision, {
      events: numbered(runId, decision.firstSequence, at, [
        {
          type: 'approval',
          data: {
            approvalId,
            tool,
            outcome: settled?.kind ?? 'pending',
            by: counted.map((each) => each.by),
            ...(said.reason ? { reason: said.reason } : {}),
            ...(breakGlass ? { breakGlass } : {}),
          },
        },
      ]),
      audit: [
        {
          // Votes that count no more leave their records behind.
          key: `approval:${approvalId}:${all.length + 1}:${decision.firstSequence}`,
          kind: 'approval',
          body: {
            ...{ approvalId, callId, actionHash, ...said, outcome: settled?.kind ?? null },
            ...(settled?.kind === 'edited' ? { editedFrom: approval.args } : {}),
            ...(standing ? { standing } : {}),
          },
          at,
        },
      ],
    });
    return settled ? { accepted: true, outcome: settled } : { accepted: true, outcome: null, progress };
  });
}

function voteOf(decision: DecisionToRecord, shownArgs: string): Vote {
  const { by, verdict, args, reason, scope, roles, proof, isVerified, at } = decision;
  return {
    ...{ by, verdict, reason, roles, proof, isVerified, at },
    args: args === shownArgs ? null : args,
    scope: verdict === 'approve' ? scope : 'once',
  };
}

/** Why an approval cannot be given on these terms, or null. */
function refusalOfTerms(vote: Vote, approval: { callId: string; action: unknown }): string | null {
  if (isTopUp(approval)) {
    if (vote.scope === 'run') return 'more budget is approved once, not for the rest of a run';
    return vote.args === null ? null : topUpProblem(JSON.parse(vote.args));
  }
  if (vote.scope !== 'run') return null;
  if (vote.args !== null)
    return 'edited arguments are decided again: approve them for the rest of the run when they are shown';
  return refusalToStand(approval.action as Action);
}

/** Remembers what was approved for the rest of the run. @returns its id */
async function letStand(
  transaction: Prisma.TransactionClient,
  { runId, organizationId, approvalId, at }: DecisionToRecord,
  { tool, action }: { tool: string; action: unknown },
  settled: ApprovalOutcome | null,
): Promise<string | null> {
  if (settled?.kind !== 'approved' || settled.scope !== 'run') return null;
  const id = `sta-${approvalId.replace(/^apr-/, '')}`;
  await transaction.standingApproval.create({
    data: {
      ...{ id, organizationId, runId, approvalId, tool, by: settled.by, createdAt: new Date(at) },
      action: json(standingActionOf(action as Action)),
    },
  });
  return id;
}
