import type { PendingForPeople } from '../../commands/list-pending';
import type { StoredRun } from '../../store/run-store';
import { ActionForm } from '../parts/form';
import { BASE } from '../paths';
import { ApprovalCard, QuestionCard } from './inbox-cards';

/** What waits, and whose it is. */
export interface Items {
  pending: PendingForPeople;
  runs: ReadonlyMap<string, StoredRun>;
  csrf: string;
  mayDecide: boolean;
}

/** What waits, newest first; asked for again when that changes. */
export function List({ pending: { approvals, questions }, runs, csrf, mayDecide }: Items) {
  const items = [
    ...approvals.map((approval) => ({
      at: approval.createdAt,
      card: <ApprovalCard approval={approval} run={runs.get(approval.runId)} mayDecide={mayDecide} />,
    })),
    ...questions.map((question) => ({
      at: question.createdAt,
      card: (
        <QuestionCard question={question} run={runs.get(question.runId)} csrf={csrf} mayDecide={mayDecide} />
      ),
    })),
  ].sort((one, other) => other.at - one.at);
  return (
    <div
      id="inbox"
      class="cards"
      hx-get={`${BASE}/inbox`}
      hx-trigger="sse:inbox"
      hx-target="#inbox"
      hx-swap="keyed"
    >
      {items.length === 0 ? (
        <div class="empty" data-key="empty">
          <p class="empty-title">Nothing waits</p>
          <p class="quiet">Runs that ask for an answer or an approval appear here by themselves.</p>
        </div>
      ) : null}
      {mayDecide && approvals.length > 1 ? <Batch csrf={csrf} /> : null}
      {items.map(({ card }) => card)}
    </div>
  );
}

function Batch({ csrf }: { csrf: string }) {
  return (
    <div class="batch card" data-key="batch" data-version="0">
      <ActionForm id="batch" action={`${BASE}/batch`} csrf={csrf} live="#inbox">
        <p>
          <strong>Decide several at once:</strong> select them below.
        </p>
        <div class="row">
          <button type="submit" name="decision" value="approve" class="primary">
            Approve selected
          </button>
          <label class="grow">
            <span class="unseen">Reason of a denial</span>
            <input name="reason" placeholder="Reason, for a denial" maxlength={2000} autocomplete="off" />
          </label>
          <button type="submit" name="decision" value="deny" class="danger">
            Deny selected
          </button>
        </div>
      </ActionForm>
    </div>
  );
}
