import type { ApprovalView } from '../../commands/review-approval';
import { describeApproval } from '../../domain/settled';
import { Badge } from '../parts/badges';
import { Name, Theirs, TheirWords } from '../parts/theirs';
import { toneOfApproval } from '../parts/timeline';
import { Ago, Time, Until } from '../parts/times';
import { paths } from '../paths';
import { requirementsOf } from '../requirements';
import { DecisionForms } from './approval-forms';

interface StateProps {
  view: ApprovalView;
  csrf: string;
  mayDecide: boolean;
}

/** How the approval stands and what can be done; asked for again when that changes. */
export function State({ view: { approval }, csrf, mayDecide }: StateProps) {
  const { id, status, outcome, votes, expiresAt, actionHash } = approval;
  const { quorum, roles, fourEyes, approvedBy } = requirementsOf(approval);
  const isOpen = status === 'pending';
  return (
    <section
      id="state"
      class="card decision"
      aria-labelledby="state-title"
      hx-get={paths.approval(id)}
      hx-trigger="sse:approval"
      hx-swap="keyed"
      hx-target="#state"
    >
      <div class="group" data-key="status" data-version={`${status} ${votes.length}`}>
        <h2 id="state-title">Decision</h2>
        <p class="row">
          <Badge tone={toneOfApproval(status)} text={isOpen ? 'waits' : status} />
          {isOpen ? (
            <span class="quiet">
              <Until at={expiresAt} />, until <Time at={expiresAt} />
            </span>
          ) : null}
        </p>
        {outcome ? (
          <p>
            <TheirWords text={describeApproval(outcome)} maxLength={600} />
          </p>
        ) : null}
        <dl class="facts">
          <div>
            <dt>Needs</dt>
            <dd>
              {quorum === 1 ? 'one approver' : `${quorum} distinct approvers`}
              {roles.map((role, index) => (
                <>
                  {index === 0 ? ' with the role ' : ' and one with the role '}
                  <Name text={role} />
                </>
              ))}
              {fourEyes ? ', not whoever asked for the run' : ''}
            </dd>
          </div>
          <div>
            <dt>Has</dt>
            <dd>
              {approvedBy.length} of {quorum}
            </dd>
          </div>
        </dl>
        {votes.length > 0 ? (
          <ul class="votes">
            {votes.map(({ by, verdict, at, reason, isVerified, args }) => (
              <li>
                <Badge
                  tone={verdict === 'approve' ? 'good' : 'bad'}
                  text={verdict === 'approve' ? 'approved' : 'denied'}
                />{' '}
                <Name text={by} /> <Ago at={at} />
                {args === null ? null : ' with other arguments'}
                {isVerified ? null : <span class="quiet"> · unverified</span>}
                {reason ? <Theirs author="person" title="Reason" text={reason} maxLength={2_000} /> : null}
              </li>
            ))}
          </ul>
        ) : null}
      </div>
      {isOpen && mayDecide ? (
        <div data-key={`forms-${actionHash}`} data-version="0" class="stack">
          <DecisionForms approval={approval} csrf={csrf} />
        </div>
      ) : null}
      {isOpen && !mayDecide ? (
        <p class="quiet" data-key="reader">
          Your key may look, not decide.
        </p>
      ) : null}
      <p class="quiet hash" data-key="hash">
        Action <code>{actionHash.slice(0, 16)}…</code> ·{' '}
        <a href={`${paths.approval(id)}/arguments`}>canonical arguments</a>
      </p>
    </section>
  );
}
