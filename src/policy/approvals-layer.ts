import type { Finding } from '../domain/decision';
import type { ApprovalFlag } from '../domain/permissions';
import type { PolicyLayer } from './layer';

const SUBJECT: Record<ApprovalFlag, string> = {
  prCreation: 'opening a pull request',
  credentialRequest: 'a credential',
  productionAccess: 'production access',
};

/** requiresApproval: each flag set turns the calls it covers into `ask`. */
export const approvalsLayer: PolicyLayer = ({ judgement }, { snapshot }) =>
  (judgement.approvalFlags ?? [])
    .filter((flag) => snapshot.permissions.requiresApproval[flag])
    .map(
      (flag): Finding => ({
        verdict: 'ask',
        layer: 'approvals',
        rule: flag,
        message: `${SUBJECT[flag]} needs an approval for this agent`,
      }),
    );
