import type { RunView } from '../../commands/show-run';
import type { StoredApproval } from '../../store/approval-store';
import type { StoredQuestion } from '../../store/question-store';
import type { StoredStanding } from '../../store/standing-store';

/** A run as the API shows it. Its events are streamed instead. */
export function shownRunOf({ input, live, pending, standing, decisions, events, ...run }: RunView) {
  return {
    runId: run.runId,
    workflowId: run.workflowId,
    agent: run.agent,
    status: run.status,
    text: run.text,
    isCurrent: run.isCurrent,
    requestedBy: input?.requestedBy ?? null,
    prompt: input?.prompt ?? null,
    repo: input?.repo ?? null,
    outcome: run.outcome,
    usage: run.usage,
    budget: live?.budget ?? null,
    approvals: pending.approvals.map(pendingApprovalOf),
    questions: pending.questions.map(pendingQuestionOf),
    standing: standing.map(standingOf),
    credentials: run.credentials,
    decisions: decisions.map(({ decision, ...each }) => ({ ...each, ...decision })),
    lastSequence: events.at(-1)?.sequence ?? -1,
    snapshot: run.snapshot,
    createdAt: run.createdAt,
    endedAt: run.endedAt,
  };
}

export function pendingApprovalOf(approval: StoredApproval) {
  const { status: _status, outcome: _outcome, settledAt: _settledAt, ...shown } = shownApprovalOf(approval);
  return shown;
}

/** What proved who voted is for the audit. */
export function shownApprovalOf({ votes, ...approval }: StoredApproval) {
  return { ...approval, votes: votes.map(({ proof: _proof, ...vote }) => vote) };
}

export function pendingQuestionOf({ outcome: _outcome, ...question }: StoredQuestion) {
  return question;
}

export function standingOf({ id: _id, action, ...standing }: StoredStanding) {
  return { ...standing, args: action.args };
}
