import type { ApprovalOutcome } from '../domain/approval';
import type { AuditHead } from '../domain/audit-head';
import { withBreakGlass } from '../domain/break-glass-votes';
import {
  isSameWord,
  isWaived,
  outcomeOfVotes,
  progressOf,
  refusalOfVote,
  wordOf,
} from '../domain/count-votes';
import { alreadySettled, describeApproval } from '../domain/settled';
import type { RecordedDecision } from '../domain/steps';
import { isTopUp, topUpProblem } from '../domain/top-up';
import type { Vote } from '../domain/vote';
import { type Action, refusalToStand, standingActionOf } from '../policy/action';
import type { GateAhead } from '../policy/gate-records';
import type { DecisionToRecord } from '../policy/people-records';
import { recordBreakGlassUse } from './break-glass-store';
import { runCommitOf } from './gate-commit';
import type { Prisma, PrismaClient } from './generated/client';
import { lockRun, refused } from './people-transaction';
import { readPoll } from './read-poll';
import { busy, commitAt, numbered, type RunCommit } from './run-commit';
import type { StandingRow } from './run-rows';

/** Counts one vote; see `PeopleStore`. */
export async function recordDecision(
  client: PrismaClient,
  decision: DecisionToRecord,
  ahead?: GateAhead,
): Promise<RecordedDecision> {
  // Whoever writes to the run meanwhile moves its audit chain: then everything is looked at again.
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const weighed = await weigh(client, decision);
    if (weighed.kind === 'answered') return weighed.answer;
    if (weighed.breakGlass) return client.$transaction((inside) => countByBreakGlass(inside, decision));
    // Once: when something else was written to the run meanwhile, the vote is written alone.
    const judged = attempt === 0 && isGivenOnce(weighed) ? await ahead?.(decision.approvalId) : null;
    if (judged?.commit.auditHead?.length === weighed.head.length) {
      if (!(await commitAt(client, together(weighed.commit, runCommitOf(judged.commit)), weighed.head)))
        continue;
      const gated = judged.answer();
      return gated ? { ...weighed.answer, gated } : weighed.answer;
    }
    if (await commitAt(client, weighed.commit, weighed.head)) return weighed.answer;
  }
  throw busy(decision.runId);
}

/** Whether this vote settles it as approved, and not for the rest of the run. */
function isGivenOnce({ answer, commit }: Counting): boolean {
  return answer.outcome?.kind === 'approved' && !commit.standing;
}

/** What is approved and what is granted for it, in one statement. */
function together(vote: RunCommit, gate: RunCommit): RunCommit {
  return {
    ...gate,
    counted: vote.counted,
    events: [...(vote.events ?? []), ...(gate.events ?? [])],
    audit: [...(vote.audit ?? []), ...(gate.audit ?? [])],
  };
}

/** How often a vote may meet another word about the same run. */
const MAX_ATTEMPTS = 8;

/** A break-glass is used and audited, in the organization's chain too, or the vote does not count. */
async function countByBreakGlass(
  transaction: Prisma.TransactionClient,
  decision: DecisionToRecord,
): Promise<RecordedDecision> {
  const { runId, organizationId, approvalId, by } = decision;
  await lockRun(transaction, runId);
  const weighed = await weigh(transaction, decision);
  if (weighed.kind === 'answered') return weighed.answer;
  if (weighed.breakGlass)
    await recordBreakGlassUse(transaction, organizationId, weighed.breakGlass, {
      ...{ by, runId, approvalId, tool: weighed.tool },
    });
  if (!(await commitAt(transaction, weighed.commit, weighed.head))) throw busy(runId);
  return weighed.answer;
}

type Weighed =
  /** Nothing is to be written. */
  { kind: 'answered'; answer: RecordedDecision } | Counting;

interface Counting {
  kind: 'counts';
  answer: Extract<RecordedDecision, { accepted: true }>;
  tool: string;
  breakGlass: string | null;
  commit: RunCommit;
  head: AuditHead;
}

/** What a vote comes to, as things stand; one round trip. */
async function weigh(client: Prisma.TransactionClient, decision: DecisionToRecord): Promise<Weighed> {
  const { runId, organizationId, approvalId, at } = decision;
  const found = await readPoll(client, decision);
  const { approval } = found;
  if (!approval) return answered(refused(`there is no approval \`${approvalId}\` in this run`));
  if (approval.actionHash !== decision.actionHash)
    return answered(refused('`actionHash` is not that of this approval; look at `pending` again'));
  const { poll, votes } = approval;
  const vote = voteOf(decision, poll.args);
  const { outcome } = approval;
  if (outcome)
    return answered(
      approval.allVotes.some((each) => isSameWord(each, vote))
        ? { accepted: true, outcome }
        : refused(alreadySettled('approval', describeApproval(outcome), approval.settledAt)),
    );
  const terms = refusalOfTerms(vote, approval);
  if (terms) return answered(refused(terms));
  const isRepeated = votes.some((each) => isSameWord(each, vote));
  const refusal = isRepeated ? null : refusalOfVote(vote, votes, poll);
  const isShort = isRepeated || refusal !== null || outcomeOfVotes([...votes, vote], poll) === null;
  const breakGlass = isShort && vote.verdict === 'approve' ? found.breakGlass : null;
  if (isRepeated && !breakGlass)
    return answered({ accepted: true, outcome, progress: progressOf(votes, poll) });
  if (refusal && !breakGlass) return answered(refused(refusal));
  const said: Vote = {
    ...vote,
    ...(breakGlass ? { breakGlass } : isWaived(vote, poll) ? { waived: 'four-eyes' } : {}),
  };
  const counted = [...votes.filter((each) => !isSameWord(each, said)), said];
  const countedBy = withBreakGlass(poll, counted);
  const settled = outcomeOfVotes(counted, countedBy);
  const standing = standingOf(decision, approval, settled);
  const { callId, actionHash, tool } = approval;
  const commit: RunCommit = {
    runId,
    organizationId,
    counted: { approvalId, votes: counted, settled },
    ...(standing ? { standing } : {}),
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
        key: `approval:${approvalId}:${approval.allVotes.length + 1}:${decision.firstSequence}`,
        kind: 'approval',
        body: {
          ...{ approvalId, callId, actionHash, ...said, outcome: settled?.kind ?? null },
          ...(settled?.kind === 'edited' ? { editedFrom: poll.args } : {}),
          ...(standing ? { standing: standing.id } : {}),
        },
        at,
      },
    ],
    at,
  };
  const answer: Counting['answer'] = settled
    ? { accepted: true, outcome: settled }
    : { accepted: true, outcome: null, progress: progressOf(counted, countedBy) };
  return { kind: 'counts', answer, tool, breakGlass, commit, head: found.head };
}

function answered(answer: RecordedDecision): Weighed {
  return { kind: 'answered', answer };
}

function voteOf(decision: DecisionToRecord, shownArgs: string): Vote {
  const { reason, roles, proof, isVerified, at } = decision;
  return { ...wordOf(decision, shownArgs), reason, roles, proof, isVerified, at };
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

/** What is remembered when it was approved for the rest of the run. */
function standingOf(
  { approvalId }: DecisionToRecord,
  { tool, action }: { tool: string; action: unknown },
  settled: ApprovalOutcome | null,
): StandingRow | null {
  if (settled?.kind !== 'approved' || settled.scope !== 'run') return null;
  const id = `sta-${approvalId.replace(/^apr-/, '')}`;
  return { id, approvalId, tool, by: settled.by, action: standingActionOf(action as Action) };
}
