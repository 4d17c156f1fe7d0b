import { submitRevocation } from '../../workflows/messages';
import type { ApprovalRevocation, Receipt } from '../domain/approval';
import { GatehouseError } from '../domain/errors';
import { visibleText } from '../domain/visible-text';
import { revocationWord } from '../identity/words';
import type { CommandDependencies } from './dependencies';
import { requireOpenRun } from './find-run';
import { signatureOf, speakerOf } from './speaker';
import { accepted } from './submit';

type Dependencies = Pick<
  CommandDependencies,
  'organizationId' | 'runs' | 'approvals' | 'temporal' | 'signer'
>;

/**
 * Ends an approval that was given for the rest of a run: the next gate of the run asks again.
 *
 * @throws GatehouseError `approval-unknown`, `speaker-other`, `run-ended`, `refused`, `control-unreachable`
 */
export const createRevokeApproval =
  (dependencies: Dependencies) =>
  async ({
    approvalId,
    by,
  }: {
    approvalId: string;
    by?: string;
  }): Promise<{ runId: string; status: string }> => {
    const { organizationId, approvals, temporal } = dependencies;
    const speaker = speakerOf(dependencies, by);
    const approval = await approvals.get(organizationId, approvalId);
    if (!approval)
      throw new GatehouseError(
        'approval-unknown',
        `there is no approval \`${visibleText(approvalId, 80)}\`; \`gatehouse show RUN\` lists those of a run`,
      );
    const { runId } = approval;
    await requireOpenRun(dependencies, runId);
    const signed = signatureOf(dependencies, () => revocationWord({ organizationId, runId }, { approvalId }));
    const revocation: ApprovalRevocation = { approvalId, by: speaker, ...signed };
    const { status } = await accepted(() =>
      temporal.askRun(runId, (handle) =>
        handle.executeUpdate<Receipt, [ApprovalRevocation]>(submitRevocation, { args: [revocation] }),
      ),
    );
    return { runId, status };
  };
