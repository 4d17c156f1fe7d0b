import { submitDecision } from '../../workflows/messages';
import type { ApprovalDecision, ApprovalOutcome, Receipt } from '../domain/approval';
import { GatehouseError } from '../domain/errors';
import { visibleText } from '../domain/visible-text';
import type { StoredApproval } from '../store/approval-store';
import type { CommandDependencies } from './dependencies';
import { requireOpenRun } from './find-run';
import { accepted } from './submit';

export interface DecideRequest {
  approvalId: string;
  decision: 'approve' | 'deny';
  by?: string;
  reason?: string;
  /** Other arguments than those asked for: gated again. */
  args?: unknown;
  /** What the approver saw; a decision on anything else does not count. @default what waits now */
  actionHash?: string;
}

export interface Decided {
  approval: StoredApproval;
  /** `approved`, `denied`, `edited`, or `waiting for more approvers`. */
  status: string;
}

/**
 * Counts one person's decision on an approval.
 *
 * @throws GatehouseError `approval-unknown`, `approval-settled`, `reason-empty`, `run-ended`, `refused` with the run's reason,
 *   `control-unreachable`
 */
export const createDecide =
  (dependencies: Pick<CommandDependencies, 'organizationId' | 'runs' | 'approvals' | 'temporal'>) =>
  async (request: DecideRequest): Promise<Decided> => {
    const { organizationId, approvals, temporal } = dependencies;
    const approval = await approvals.get(organizationId, request.approvalId);
    if (!approval)
      throw new GatehouseError(
        'approval-unknown',
        `there is no approval \`${visibleText(request.approvalId, 80)}\`; \`gatehouse runs\` shows what waits`,
      );
    if (approval.status !== 'pending') throw settled(approval);
    if (request.decision === 'deny' && request.reason?.trim() === '')
      throw new GatehouseError('reason-empty', 'a denial needs a reason; the model is told it');
    await requireOpenRun(dependencies, approval.runId);
    const decision: ApprovalDecision = {
      approvalId: approval.id,
      decision: request.decision,
      actionHash: request.actionHash ?? approval.actionHash,
      by: request.by,
      reason: request.reason,
      args: request.args,
    };
    const { status } = await accepted(() =>
      temporal.askRun(approval.runId, (handle) =>
        handle.executeUpdate<Receipt, [ApprovalDecision]>(submitDecision, { args: [decision] }),
      ),
    );
    return { approval, status };
  };

function settled({ id, outcome, status }: StoredApproval): GatehouseError {
  return new GatehouseError(
    'approval-settled',
    `approval \`${id}\` is settled already: ${outcome ? describeApproval(outcome) : status}`,
  );
}

/** How an approval ended, in words. */
export function describeApproval(outcome: ApprovalOutcome): string {
  switch (outcome.kind) {
    case 'approved':
      return `approved by ${outcome.by.map(shown).join(', ')}`;
    case 'edited':
      return `approved with other arguments by ${shown(outcome.by)}`;
    case 'denied':
      return `denied by ${shown(outcome.by)}${outcome.reason ? ` (${visibleText(outcome.reason, 200)})` : ''}`;
    case 'void':
      return `void: ${visibleText(outcome.reason, 200)}`;
    case 'expired':
      return 'nobody decided in time';
  }
}

function shown(person: string): string {
  return `\`${visibleText(person, 80)}\``;
}
