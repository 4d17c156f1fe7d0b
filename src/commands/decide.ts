import { submitDecision } from '../../workflows/messages';
import type { ApprovalDecision, Receipt } from '../domain/approval';
import { isSameWord, wordOf } from '../domain/count-votes';
import { GatehouseError } from '../domain/errors';
import { describeApproval } from '../domain/settled';
import { visibleText } from '../domain/visible-text';
import { canonicalArgs, decisionWord } from '../identity/words';
import type { StoredApproval } from '../store/approval-store';
import type { CommandDependencies } from './dependencies';
import { requireOpenRun } from './find-run';
import { signatureOf, speakerOf } from './speaker';
import { accepted } from './submit';

export interface DecideRequest {
  approvalId: string;
  decision: 'approve' | 'deny';
  /** Taken from the signer where there is one. */
  by?: string;
  reason?: string;
  /** `run`: the same action for the rest of the run. @default 'once' */
  scope?: 'once' | 'run';
  /** Other arguments than those asked for: gated again. */
  args?: unknown;
  /** What the approver saw; a decision on anything else does not count. @default what waits now */
  actionHash?: string;
}

export type DecideDependencies = Pick<
  CommandDependencies,
  'organizationId' | 'runs' | 'approvals' | 'temporal' | 'signer'
>;

export interface Decided {
  approval: StoredApproval;
  /** `approved`, `denied`, `edited`, or `waiting for more approvers`. */
  status: string;
}

/**
 * Counts one person's decision on an approval. The same one again, as after an answer that was lost, is told what it came to.
 *
 * @throws GatehouseError `approval-unknown`, `approval-settled`, `reason-empty`, `speaker-other`, `run-ended`, `refused`
 *   with the run's reason, `control-unreachable`
 */
export const createDecide =
  (dependencies: DecideDependencies) =>
  async (request: DecideRequest): Promise<Decided> => {
    const { organizationId, approvals, temporal } = dependencies;
    const by = speakerOf(dependencies, request.by);
    const approval = await approvals.get(organizationId, request.approvalId);
    if (!approval)
      throw new GatehouseError(
        'approval-unknown',
        `there is no approval \`${visibleText(request.approvalId, 80)}\`; \`gatehouse runs\` shows what waits`,
      );
    const known = by === undefined ? null : countedBefore(approval, by, request);
    if (known) return { approval, status: known };
    if (approval.status !== 'pending') throw settled(approval);
    if (request.decision === 'deny' && request.reason?.trim() === '')
      throw new GatehouseError('reason-empty', 'a denial needs a reason; the model is told it');
    await requireOpenRun(dependencies, approval.runId);
    const said: ApprovalDecision = {
      approvalId: approval.id,
      decision: request.decision,
      actionHash: request.actionHash ?? approval.actionHash,
      by,
      reason: request.reason,
      args: request.args,
      scope: request.scope,
    };
    const place = { organizationId, runId: approval.runId };
    const decision = { ...said, ...signatureOf(dependencies, () => decisionWord(place, said)) };
    const { status } = await accepted(() =>
      temporal.askRun(approval.runId, (handle) =>
        handle.executeUpdate<Receipt, [ApprovalDecision]>(submitDecision, { args: [decision] }),
      ),
    );
    return { approval, status };
  };

/** How an approval was settled that this person's same decision is part of; null for any other. */
function countedBefore(
  { votes, outcome, args: shown, actionHash }: StoredApproval,
  by: string,
  request: DecideRequest,
): string | null {
  if (outcome?.kind !== 'approved' && outcome?.kind !== 'denied' && outcome?.kind !== 'edited') return null;
  if (request.actionHash !== undefined && request.actionHash !== actionHash) return null;
  const args = request.args === undefined ? null : canonicalArgs(request.args);
  const said = wordOf({ by, verdict: request.decision, args, scope: request.scope ?? 'once' }, shown);
  return votes.some((vote) => isSameWord(vote, said)) ? outcome.kind : null;
}

function settled({ id, outcome, status, settledAt }: StoredApproval): GatehouseError {
  const when = settledAt === null ? '' : ` at ${new Date(settledAt).toISOString()}`;
  return new GatehouseError(
    'approval-settled',
    `approval \`${id}\` is settled already: ${outcome ? describeApproval(outcome) : status}${when}`,
  );
}
