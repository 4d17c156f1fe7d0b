import type { RunView } from '../../commands/show-run';
import type { StoredApproval } from '../../store/approval-store';
import type { StoredQuestion } from '../../store/question-store';

/** A run as the API shows it. Its events are streamed instead. */
export function shownRunOf({ input, live, pending, decisions, events, ...run }: RunView) {
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
    decisions: decisions.map(({ decision, ...each }) => ({ ...each, ...decision })),
    lastSequence: events.at(-1)?.sequence ?? -1,
    snapshot: run.snapshot,
    createdAt: run.createdAt,
    endedAt: run.endedAt,
  };
}

export function pendingApprovalOf({ status: _status, outcome: _outcome, ...approval }: StoredApproval) {
  return approval;
}

export function pendingQuestionOf({ outcome: _outcome, ...question }: StoredQuestion) {
  return question;
}
